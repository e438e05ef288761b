"""What holds an article back, which failures there are and why, and what can be done, as an operator meets it."""

import ast
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import chalicelib
from chalicelib.articles.work import Drain, drain_message, entries_message, group_of
from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Put
from chalicelib.ports.ledger_records import Gate
from infra.cli import failures, parking, status, why
from infra.cli.causes import CAUSES, explain
from infra.cli.console import CommandFailed
from tests.doubles.deployment import Operator
from tests.doubles.world import World, entry

URL = "https://data.example.com/mix.json"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


@pytest.fixture
def blocked(world: World) -> World:
    """Article 7 failed, and entries of two files stand behind it."""
    world.drop("a.json", [entry("delete-article", "7"), entry("add-article", "7"), entry("add-article", "8")])
    world.drop("b.json", [entry("add-article", "7")])
    world.settle()
    return world


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


class TestCauses:
    def test_every_cause_that_the_application_records_is_explained_and_no_other(self) -> None:
        # The record store, the schedules of jobs and what exports articles know no delta files.
        others = {"lrs", "schedule", "export", "exports"}
        sources = [
            path for path in Path(chalicelib.__path__[0]).rglob("*.py") if others.isdisjoint(path.parts)
        ]
        recorded = {word for source in sources for word in _causes(ast.parse(source.read_text()))}
        assert recorded - {""} == set(CAUSES)  # the empty word: nothing failed yet

    def test_every_explanation_says_what_happened_and_what_to_do(self) -> None:
        for word, cause in CAUSES.items():
            assert cause.word == word
            assert cause.means.endswith(".")
            assert "`lightrail" in cause.advice

    def test_a_cause_of_a_newer_version_is_said_to_be_unknown(self) -> None:
        assert "does not know" in explain("eclipse").means
        assert explain("").word == "unknown"


def _causes(tree: ast.AST) -> Iterator[str]:
    """The cause words in a module: named `cause`, last of a fault or verdict, or beside the text of a doomed entry.

    A cause is letters and hyphens, so the media types that stand beside names of files are none.
    """
    for node in ast.walk(tree):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            found += [keyword.value for keyword in node.keywords if keyword.arg == "cause"]
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            places = {"FileFault": 1, "Verdict": 3, "_fail": 2}
            if name in places and len(node.args) > places[name]:
                found.append(node.args[places[name]])
        elif isinstance(node, ast.Dict):
            found += [doom for value in node.values if (doom := _doom(value))]
        elif isinstance(node, ast.DictComp):
            found.append(_doom(node.value))
        elif isinstance(node, ast.arguments):
            named = dict(zip(reversed(node.args), reversed(node.defaults), strict=False))
            found += [default for argument, default in named.items() if argument.arg == "cause"]
        words = (value.value for value in found if isinstance(value, ast.Constant))
        yield from (word for word in words if isinstance(word, str) and "/" not in word)


def _doom(value: ast.expr) -> ast.expr | None:
    return value.elts[1] if isinstance(value, ast.Tuple) and len(value.elts) == 2 else None


class TestWhy:
    def test_a_free_article_is_said_to_be_free(
        self, operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert operator.run(why, "why", "7") == 0
        assert capsys.readouterr().out == "Nothing holds article 7 back.\n"
        world.submit(URL)
        assert operator.run(why, "why", "7") == 0
        assert "There are files that are not sent yet; `lightrail status`" in capsys.readouterr().out

    def test_a_failure_is_named_with_its_entry_error_cause_and_what_stands_behind(
        self, blocked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert Operator(blocked).run(why, "why", "7") == 0
        assert capsys.readouterr().out.splitlines() == [
            "Article 7 is blocked by a failure.",
            "  entry:   1 of file 1 (s3://bucket/delta/a.json), job 1-0, delete-article",
            "  since:   its file was accepted at 2023-11-14T22:13:20+00:00, before any flush",
            "  error:   Trying to delete an existing article, but the article does not exist: 7",
            f"  cause:   rule: {CAUSES['rule'].means}",
            "  behind:  2 entries stand behind it; the first:",
            "  behind:    2 of file 1 (s3://bucket/delta/a.json)",
            "  behind:    1 of file 2 (s3://bucket/delta/b.json)",
            f"  do:      {CAUSES['rule'].advice} `lightrail retry --article 7` runs it and what stands behind it; "
            "a flush forgets the failures of all articles.",
        ]

    def test_the_same_in_json(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        assert Operator(blocked).run(why, "why", '"7"', "--json") == 0
        found = answer(capsys)
        assert (found["article"], found["blocked"]) == ("7", True)
        [holder] = found["holders"]
        assert (holder["kind"], holder["cause"], holder["behind"]) == ("failure", "rule", 2)
        assert holder["owner"]["id"] == "1-0"
        assert [behind["id"] for behind in holder["first_behind"]] == ["1-1", "2-0"]
        assert Operator(blocked).run(why, "why", "8", "--json") == 0
        assert answer(capsys) == {"article": "8", "blocked": False, "holders": []}

    def test_a_retry_in_progress_is_named(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        operator = Operator(blocked)
        ticket = blocked.commands.retry(article="7").ticket
        blocked.maintenance_once()
        operator.run(why, "why", "7")
        assert f"retry:   retry {ticket} is on its way, asked for at 2023-11-14T" in capsys.readouterr().out
        blocked.commands.clear()
        operator.run(why, "why", "7")
        assert f"retry {ticket} was dropped by a clear before it began" in capsys.readouterr().out

    def test_a_retry_that_runs_is_left_to_end(
        self, blocked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        gate = blocked.memory_ledger.gates(["7"])["7"]
        running = Gate(
            "7", "retry", gate.owner, gate.errors, gate.cause, ticket=3, number="7", version=gate.version
        )
        blocked.memory_ledger.commit(Put(running))
        Operator(blocked).run(why, "why", "7")
        out = capsys.readouterr().out
        assert "Article 7 is being retried" in out
        assert "retry:   retry 3 is running" in out
        assert "do:      nothing: the retry ends by itself" in out

    def test_an_entry_that_is_run_once_more_after_its_worker_died(
        self, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("add-article", "7")])
        world.intake_once()
        world.file_worker_once()
        world.memory_ledger.commit(Put(Gate("7", "attempt", Entry(1, 0), tries=2, number="7")))
        Operator(world).run(why, "why", "7")
        out = capsys.readouterr().out
        assert "is being run again (run 2 of 3)" in out
        assert "nothing stands behind it yet" in out

    def test_a_flushed_failure_holds_nothing(
        self, blocked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        blocked.commands.flush()
        Operator(blocked).run(why, "why", "7")
        out = capsys.readouterr().out
        assert "Nothing holds article 7 back." in out
        assert "An earlier failure of it was flushed" in out

    def test_a_failure_after_a_flush_says_after_which(
        self, blocked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        blocked.commands.flush()
        blocked.settle()
        blocked.drop("c.json", [entry("delete-article", "7")])
        blocked.settle()
        Operator(blocked).run(why, "why", "7")
        assert "after flush 1" in capsys.readouterr().out

    def test_under_global_scope_another_article_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        world = World(DELTA_BLOCK_SCOPE="global")
        world.drop(
            "a.json", [entry("delete-article", "1"), entry("add-article", "2"), entry("add-article", "3")]
        )
        world.settle()
        Operator(world).run(why, "why", "2")
        out = capsys.readouterr().out
        assert "like every article that was sent under block scope `global`, (failure of article 1)" in out
        assert "2 entries stand behind it, 1 of article 2" in out
        assert "`lightrail retry` runs it" in out

    def test_no_article_number(self, operator: Operator) -> None:
        with pytest.raises(CommandFailed, match="article"):
            operator.run(why, "why", "  ")


class TestFailures:
    def test_none(self, operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
        assert operator.run(failures, "failures") == 0
        assert capsys.readouterr().out == "There are no failures on the local stack.\n"
        assert operator.run(failures, "failures", "--cause", "crash") == 0
        assert "no failures of cause crash" in capsys.readouterr().out

    def test_they_are_grouped_and_explained(
        self, world: World, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [*(entry("delete-article", str(i)) for i in range(7)), entry("nonsense", "8")])
        world.submit(URL)
        world.settle()
        assert operator.run(failures, "failures") == 0
        out = capsys.readouterr().out
        assert "rule: 7 failures" in out
        assert CAUSES["rule"].means in out
        assert out.count("Trying to delete") == 5
        assert "fault: 1 failure\n" in out
        assert "fetch: 1 failure\n" in out
        assert f"{URL}\tThe address answered 404." in out

    def test_one_cause_in_json(
        self, world: World, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("delete-article", "1"), entry("nonsense", "2")])
        world.settle()
        assert operator.run(failures, "failures", "--cause", "rule", "--json") == 0
        [group] = answer(capsys)["failures"]
        assert (group["cause"], group["count"], group["means"]) == ("rule", 1, CAUSES["rule"].means)
        [example] = group["oldest"]
        assert (example["id"], example["article"], example["retry"]) == ("1-0", "1", False)

    def test_a_dead_letter_is_a_cause_of_its_own(
        self, world: World, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.intake_once()
        world.file_worker_once()
        [body] = world.articles_queue.bodies
        assert world.dead_letters.take("delta-article-dead", body) == "recorded"
        operator.run(failures, "failures", "--json")
        assert [group["cause"] for group in answer(capsys)["failures"]] == ["dead-letter"]

    def test_an_unknown_cause_is_wrong_usage(
        self, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as exit_of:
            operator.run(failures, "failures", "--cause", "weather")
        assert exit_of.value.code == 2
        assert "overtaken" in capsys.readouterr().err


class TestParking:
    @pytest.fixture
    def parked(self, world: World) -> World:
        world.drop("a.json", [entry("add-article", "1")])
        notice = world.notices.bodies[0]
        world.step()
        world.settle()
        delta = world.snapshots.page(world.memory_ledger.pages([(1, 0)])[1, 0])
        for source, body in (
            ("delta-article-dead", entries_message(1, "article", delta, "g").body),
            ("delta-article-dead", '{"v": 9}'),
            ("delta-notices-dead", notice),
            ("delta-notices-dead", "no notice"),
            ("strange-queue", "?"),
        ):
            world.parked.send(json.dumps({"source": source, "why": "UnreadableMessage", "body": body}))
        world.parked.send("not ours")
        return world

    def test_what_is_parked_is_shown_and_stays(
        self, parked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operator = Operator(parked)
        for _ in range(2):  # looking at it hides nothing from the next look
            assert operator.run(parking, "parked", "--json") == 0
            messages = answer(capsys)["messages"]
            assert [message["source"] for message in messages].count("delta-article-dead") == 2
            assert len(messages) == 6
        assert operator.run(parking, "parked") == 0
        out = capsys.readouterr().out
        assert 'UnreadableMessage\t{"v": 9}' in out
        assert "it was not put here by the dead-letter consumer\tnot ours" in out
        assert len(parked.parked) == 6

    def test_what_can_be_read_now_goes_back_to_its_queue_in_its_group(
        self, parked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert Operator(parked).run(parking, "parked", "--send-again") == 1
        out = capsys.readouterr().out
        assert "2 messages sent back." in out
        assert "this version cannot read it" in out
        assert "it is no notice of the bucket" in out
        assert "its queue (strange-queue) is not one of this deployment" in out
        assert len(parked.parked) == 4
        [sent] = parked.articles_queue.receive()
        assert sent.group == group_of("1", 1)
        assert len(parked.notices) == 1

    def test_one_message_by_the_start_of_its_id(
        self, parked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operator = Operator(parked)
        operator.run(parking, "parked", "--json")
        chosen = answer(capsys)["messages"][1]["id"]
        assert operator.run(parking, "parked", chosen, "--remove", "--yes", "--json") == 0
        assert answer(capsys) == {"removed": [chosen]}
        assert len(parked.parked) == 5
        with pytest.raises(CommandFailed, match="no parked message has the id nobody"):
            operator.run(parking, "parked", "nobody", "--remove", "--yes")

    def test_a_drain_goes_back_into_the_group_of_its_gate(
        self, world: World, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        body = drain_message(Drain("7", 3), 1).body
        world.parked.send(json.dumps({"source": "delta-article-dead", "why": "x", "body": body}))
        assert operator.run(parking, "parked", "--send-again", "--json") == 0
        assert answer(capsys)["stays"] == []
        [sent] = world.articles_queue.receive()
        assert (sent.group, sent.body) == (group_of("7", 1), body)

    def test_removing_asks_first(self, parked: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(CommandFailed, match=r"removes 6 parked messages .* add --yes"):
            Operator(parked).run(parking, "parked", "--remove")
        assert len(parked.parked) == 6
        assert parked.parked.in_flight == 0

    def test_nothing_is_parked(self, operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
        assert operator.run(parking, "parked") == 0
        assert capsys.readouterr().out == "Nothing is parked on the local stack.\n"
        assert operator.run(parking, "parked", "--remove", "--json") == 0
        assert answer(capsys) == {"removed": []}

    def test_send_again_and_remove_exclude_each_other(
        self, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as exit_of:
            operator.run(parking, "parked", "--remove", "--send-again")
        assert exit_of.value.code == 2
        assert "not allowed with" in capsys.readouterr().err

    def test_the_depth_of_every_dead_letter_queue(
        self, parked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operator = Operator(parked)
        parked.dead_maintenance.send("x")
        assert operator.run(parking, "dead-letters", "--json") == 0
        found = {queue["queue"]: queue["waiting"] for queue in answer(capsys)["queues"]}
        assert found == {
            "delta-notices-dead": 0,
            "delta-file-dead": 0,
            "delta-article-dead": 0,
            "maintenance-dead": 1,
            "parking": 6,
        }
        assert operator.run(parking, "dead-letters") == 0
        out = capsys.readouterr().out
        assert "maintenance-dead\t1\t0\ta wake-up of long work" in out
        assert "if this stays, look at its log" in out


class Terminal(io.StringIO):
    """Standard input at a terminal."""

    def isatty(self) -> bool:
        return True


class TestStatus:
    def test_an_idle_deployment(self, operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
        assert operator.run(status, "status") == 0
        out = capsys.readouterr().out
        assert "delta-article\t0\t0" in out
        assert "parking\t0\t0" in out
        assert "Every file is finished." in out

    def test_what_each_file_waits_for(
        self, blocked: World, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        blocked.submit(URL)  # fails as a whole
        blocked.settle()
        blocked.drop("c.json", [entry("add-article", "9")])
        blocked.intake_once()
        blocked.file_worker_once()
        blocked.submit("https://data.example.com/4.json", "https://data.example.com/5.json")
        assert operator.run(status, "status") == 0
        out = capsys.readouterr().out
        assert "File 1 is held by failures" in out
        assert "File 3 failed as a whole: The address answered 404." in out
        assert "File 4: 1 entry is in the article queue." in out
        assert "File 5 is in the file worker's hands (queued)." in out
        assert "File 6 waits for its turn" in out
        assert "delta-article\t1\t0" in out

    def test_a_file_that_waits_since_the_packing_was_changed_names_the_failure_that_holds_it(
        self, blocked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        changed = World(ENTRIES_PER_MESSAGE="25")
        for part in ("memory_ledger", "bucket", "store"):
            setattr(changed, part, getattr(blocked, part))
        changed.drop("c.json", [entry("add-article", "9")])
        changed.step()
        operator = Operator(changed)
        assert operator.run(status, "status") == 0
        out = capsys.readouterr().out
        assert "File 3 (s3://bucket/delta/c.json) waits until all earlier files are finished" in out
        assert "block scope `article` and 25 entries a message" in out
        assert "not finished: file 1 (s3://bucket/delta/a.json): 1 failed, 1 blocked" in out
        assert "held by the failure of article 7 (entry 1 of file 1): Trying to delete" in out
        assert operator.run(status, "status", "--json") == 0
        found = answer(capsys)
        assert (found["held_file"], found["sent_with"], found["deployed_with"]) == (
            3,
            "article:1",
            "article:25",
        )
        changed.commands.flush()
        changed.settle()
        assert operator.run(status, "status") == 0
        assert "Every file is finished." in capsys.readouterr().out

    def test_a_cleared_file_that_the_worker_has_not_seen_yet(
        self, world: World, operator: Operator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.submit(URL)
        world.commands.clear()
        assert operator.run(status, "status") == 0
        assert "File 1 was cleared; the file worker has yet to mark it." in capsys.readouterr().out

    def test_retries_and_flushes_under_way(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        ticket = blocked.commands.retry().ticket
        blocked.commands.flush()
        assert Operator(blocked).run(status, "status") == 0
        out = capsys.readouterr().out
        assert f"Retry {ticket} (asked for at 2023-11-14" in out
        assert "A flush is taking away the gates" in out


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (why, ["why", "7"]),
        (failures, ["failures"]),
        (status, ["status"]),
    ],
)
def test_a_ledger_that_does_not_answer_is_said_plainly(
    operator: Operator,
    world: World,
    module: ModuleType,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_answer() -> None:
        raise Unavailable("The ledger", "ReadTimeout")

    monkeypatch.setattr(world.memory_ledger, "control", no_answer)
    with pytest.raises(
        CommandFailed, match=r"The ledger is not available .*\(ReadTimeout\); `lightrail stack status`"
    ):
        operator.run(module, *arguments)
    with pytest.raises(CommandFailed, match=r"\(ReadTimeout\)$"):
        operator.run(module, *arguments, "--stage", "production")
