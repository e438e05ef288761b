"""A file of 1,000 entries with failures, what it leaves behind, and the commands over it.

All of it as deployed by default, one entry per message, and as a local stack packs: 25.
"""

import json

import pytest

from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.file_server import FileServer
from tests.end_to_end.system import System, entry, eventually

_ARTICLES, _STEPS = 200, 5
_UNKNOWN, _FAULTY = range(0, 10), range(10, 20)


@pytest.fixture(scope="module", params=["1", "25"], ids=lambda packing: f"{packing} per message")
def system(request: pytest.FixtureRequest, local_stack: LocalStack) -> System:
    return local_stack.with_settings(EntriesPerMessage=request.param)


def thousand(prefix: str) -> list[dict[str, object]]:
    """Five entries for each of 200 articles: the entries of one article stand 200 apart.

    Articles 0 to 9 are unknown, those of 10 to 19 have a fault in their third entry.
    """
    entries = []
    for step in range(_STEPS):
        for article in range(_ARTICLES):
            value: object = f"step {step}"
            if article in _FAULTY and step == 2:
                value = 2.5
            operation = "add-article" if step == 0 and article not in _UNKNOWN else "replace-article-feature"
            entries.append(entry(operation, f"{prefix}{article:03}", **{f"F_{10 + step}": value}))
    return entries


def numbers(prefix: str, articles: range) -> list[str]:
    return [f"{prefix}{article:03}" for article in articles]


def whole(prefix: str, article: int) -> dict[str, str]:
    name = f"{prefix}{article:03}"
    return {"id": name, "F_1": name} | {f"F_{10 + step}": f"step {step}" for step in range(_STEPS)}


def counts(system: System, name: str) -> dict[str, int]:
    file = system.progress(name)
    return {} if file is None else {state: count for state, count in file.counts.items() if count}


@pytest.fixture(scope="module")
def prefix(system: System) -> str:
    """Article numbers that no other run has: the leading zeros belong to them."""
    return f"00{system.ledger.control().seq}-"


@pytest.fixture(scope="module")
def failed(system: System, prefix: str) -> str:
    """The name of the file, which has ended."""
    name = system.drop(thousand(prefix))
    system.finished(name)
    return name


class TestAfterAFile:
    """Each test goes on where the one before it has ended."""

    def test_every_entry_is_in_one_state_and_the_counts_add_up(self, system: System, failed: str) -> None:
        expected = {"succeeded": 180 * 5 + 10 * 2, "failed": 20, "blocked": 10 * 4 + 10 * 2}
        assert sum(expected.values()) == 1000
        assert counts(system, failed) == expected
        assert system.api.get("jobs/jobs").data == []
        assert system.api.get("jobs/failedfiles").data == [failed]
        assert system.api.get("jobs/successfulfiles").data == []

    def test_failures_stand_in_the_order_of_the_file(self, system: System, failed: str, prefix: str) -> None:
        articles = system.api.get("jobs/failedarticles")
        assert articles.message == "Failed articles found (20)"
        assert articles.data == numbers(prefix, range(20))
        listed = system.api.get("jobs/failedjobs?per_page=15&page=2").json
        assert listed["data"]["pagination"]["total"] == 20
        jobs = listed["data"]["jobs"]
        assert [job["payload"]["articleData"]["F_1"] for job in jobs] == numbers(prefix, range(15, 20))
        assert "F_12" in jobs[0]["errors"][0]

    def test_articles_without_a_failure_are_whole(self, system: System, failed: str, prefix: str) -> None:
        for article in (20, 99, 199):
            assert system.article(f"{prefix}{article:03}") == whole(prefix, article)
        half = {key: whole(prefix, 10)[key] for key in ("id", "F_1", "F_10", "F_11")}
        assert system.article(f"{prefix}010") == half

    def test_a_retry_after_the_articles_were_added_runs_what_was_blocked(
        self, system: System, failed: str, prefix: str
    ) -> None:
        newer = system.drop([entry("replace-article-feature", f"{prefix}000", F_10="newer file")])
        assert system.finished(newer).state == "failed"
        for name in numbers(prefix, _UNKNOWN):
            body = {"F_1": f"{prefix}199", "customNumber": name}
            assert system.api.post("articles", body).status == 200
        ticket = system.api.post("jobs/retry", {}).data["ticket"]
        again = numbers(prefix, _FAULTY)
        eventually("what is faulty has failed again", lambda: have_ended(system, again, ticket))
        expected = {"succeeded": 190 * 5 + 10 * 2, "failed": 10, "blocked": 20}
        eventually("only faulty entries fail", lambda: counts(system, failed) == expected)
        eventually("the newer file has run", lambda: counts(system, newer) == {"succeeded": 1})
        first = system.article(f"{prefix}000")
        assert first == whole(prefix, 0) | {"F_10": "newer file"}
        assert system.api.get("jobs/failedarticles").data == again
        assert system.api.get("jobs/successfulfiles").data == [newer]

    def test_a_flush_opens_the_articles_and_runs_nothing(
        self, system: System, failed: str, prefix: str
    ) -> None:
        blocked = system.drop([entry("replace-article-feature", f"{prefix}010", F_99="behind")])
        assert system.finished(blocked).counts["blocked"] == 1
        assert system.api.get("jobs/flush").message == "Flush of failed jobs queue successful"
        assert system.api.get("jobs/failedjobs").json["data"] is None
        assert system.api.get("jobs/failedarticles").data == []
        free = system.drop([entry("replace-article-feature", f"{prefix}010", F_98="free")])
        assert system.finished(free).state == "succeeded"
        article = system.article(f"{prefix}010")
        assert article is not None
        assert "F_99" not in article
        assert article["F_98"] == "free"
        assert counts(system, failed) == {"succeeded": 190 * 5 + 10 * 2, "flushed": 30}
        assert blocked not in system.api.get("jobs/successfulfiles").data
        assert failed not in system.api.get("jobs/successfulfiles").data


def test_a_clear_empties_the_lists_at_once_and_leaves_the_next_file_alone(
    system: System, prefix: str, file_server: FileServer
) -> None:
    system.forget_jobs()
    with system.paused("apply"):
        old = system.drop([entry("add-article", f"{prefix}c{place}") for place in range(1000)])
        eventually("all is sent", lambda: waiting(system) == 1000 and sent(system))
        assert system.api.get("jobs/files").data == [old]
        system.api.get("jobs/clear")
        assert system.api.get("jobs/jobs").data == []
        assert system.api.get("jobs/files").data == []
        content = json.dumps([entry("add-article", f"{prefix}c5", F_3="after the clear")])
        new = file_server.put("/after-clear.json", content.encode())
        system.submit(new)
        eventually("the new file waits", lambda: waiting(system) == 1)
    assert system.finished(new).state == "succeeded"
    assert system.article(f"{prefix}c5") == {
        "id": f"{prefix}c5",
        "F_1": f"{prefix}c5",
        "F_3": "after the clear",
    }
    assert system.finished(old).state == "cleared"
    assert counts(system, old) == {"cleared": 1000}
    assert system.article(f"{prefix}c6") is None
    assert system.api.get("jobs/successfulfiles").data == [new]


def have_ended(system: System, articles: list[str], ticket: int) -> bool:
    """Whether the retry has run these articles, and failed."""
    gates = system.ledger.gates(articles)
    return len(gates) == len(articles) and all(gate.ended == ticket for gate in gates.values())


def waiting(system: System) -> int:
    pagination = system.api.get("jobs/jobs?per_page=1").json["pagination"]
    return int(pagination["total"])


def sent(system: System) -> bool:
    """Whether the file's own job is done: what waits are its entries."""
    jobs = system.api.get("jobs/job").data
    return bool(jobs) and jobs[0]["payload"]["queue"] == "delta-article"
