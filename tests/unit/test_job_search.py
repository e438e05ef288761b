"""Jobs found by state, file and article: complete, exact, and at a cost that is bounded."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles.work import Drain
from chalicelib.errors import Invalid, NotFound
from chalicelib.ledger import job_filter
from chalicelib.ledger.job_view import Job
from chalicelib.ledger.states import JOB_STATES
from tests.doubles.steps import bury, feature, waiting
from tests.doubles.world import World, entry

URL = "https://data.example.com/a.json"
HELD = ("failed", "blocked")


def parts(world: World, limit: int = 3, **wanted: str) -> Iterator[list[Job]]:
    """Part after part of a search, to its end; between two of them the caller may do something."""
    place: str | None = None
    while True:
        part = world.job_search.part(limit, place, **wanted)
        yield [step.job for step in part.found if step.job is not None]
        place = part.next
        if place is None:
            return


def search(world: World, limit: int = 3, **wanted: str) -> list[Job]:
    return [job for part in parts(world, limit, **wanted) for job in part]


def ids(world: World, limit: int = 3, **wanted: str) -> list[str]:
    return [job.id for job in search(world, limit, **wanted)]


def mixed(**environment: str) -> World:
    """Article 2 fails and holds two entries back; article 1 is made; the second file is no delta file."""
    world = World(**environment)
    world.drop(
        "a.json",
        [entry("add-article", "1"), feature("2", "F_3"), feature("2", "F_4"), entry("add-article", "3")],
    )
    world.drop("b.json", b"{")
    world.drop("c.json", [feature("2", "F_5")])
    world.settle()
    return world


def test_all_jobs_stand_in_the_order_of_acceptance_and_position() -> None:
    world = mixed()
    assert [(job.id, job.state, job.queue) for job in search(world)] == [
        ("1-0", "succeeded", "delta-article"),
        ("1-1", "failed", "delta-article"),
        ("1-2", "blocked", "delta-article"),
        ("1-3", "succeeded", "delta-article"),
        ("2", "failed", "delta-file"),
        ("3-0", "blocked", "delta-article"),
    ]


def test_a_failure_says_why_and_what_is_blocked_says_by_what() -> None:
    world = mixed()
    _, failed, blocked, _, file, later = search(world)
    assert (failed.operation, failed.article, failed.position) == ("replace-article-feature", "2", 1)
    assert failed.errors == (
        "Trying to add feature to an existing article, but the article does not exist: 2",
    )
    assert (failed.cause, failed.blocked_by) == ("rule", None)
    assert (blocked.errors, blocked.cause, blocked.blocked_by) == ((), "", "1-1")
    assert (later.file, later.blocked_by) == ("s3://bucket/delta/c.json", "1-1")
    assert file.cause == "format"
    assert file.errors
    assert (file.position, file.operation, file.article) == (None, None, None)


def test_each_state_is_found_by_itself() -> None:
    world = mixed()
    assert ids(world, state="succeeded") == ["1-0", "1-3"]
    assert ids(world, state="failed") == ["1-1", "2"]
    assert ids(world, state="blocked") == ["1-2", "3-0"]
    assert ids(world, state="queued") == ids(world, state="running") == ids(world, state="cleared") == []
    world.commands.flush()
    assert ids(world, state="flushed") == ["1-1", "1-2", "2", "3-0"]
    assert ids(world, state="failed") == ids(world, state="blocked") == []


def test_a_file_is_found_by_its_id_and_by_its_name() -> None:
    world = mixed()
    assert ids(world, file="1") == ids(world, file="s3://bucket/delta/a.json") == ["1-0", "1-1", "1-2", "1-3"]
    assert ids(world, file="1", state="blocked") == ["1-2"]
    assert ids(world, file="s3://bucket/delta/a.json", state="failed") == ["1-1"]
    assert ids(world, file="2") == ["2"]
    assert ids(world, file="99") == ids(world, file="nobody's") == []


def test_of_an_article_what_holds_it_back_is_found_and_what_is_held_back() -> None:
    world = mixed()
    assert ids(world, article="2") == ["1-1", "1-2", "3-0"]
    assert ids(world, article="2", state="failed") == ["1-1"]
    assert ids(world, article="2", state="blocked") == ["1-2", "3-0"]
    assert ids(world, article="1") == ids(world, article="none") == []
    assert ids(world, article="1", file="1") == ["1-0"]
    assert ids(world, article="2", file="1", state="blocked") == ["1-2"]


def test_under_global_scope_an_article_finds_its_own_jobs_alone() -> None:
    world = mixed(DELTA_BLOCK_SCOPE="global")
    assert ids(world, state="blocked") == ["1-2", "1-3", "3-0"]
    assert ids(world, article="3") == ["1-3"]
    assert ids(world, article="2") == ["1-1", "1-2", "3-0"]


def test_a_file_waits_runs_and_gives_way_to_its_entries() -> None:
    world = World()
    world.web.files[URL] = b"[]"
    world.submit(URL, "https://data.example.com/b.json", URL)
    assert [(job.id, job.state) for job in search(world)] == [
        ("1", "queued"),
        ("2", "queued"),
        ("3", "queued"),
    ]
    assert ids(world, state="queued", limit=1) == ["1", "2", "3"]
    assert ids(world, file=URL) == ["1", "3"]
    assert world.job_search.find("3")[0].state == "queued"
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    # a file without entries stands for itself
    assert [(job.id, job.state) for job in search(world)] == [
        ("1", "succeeded"),
        ("2", "failed"),
        ("3", "succeeded"),
        ("4-0", "succeeded"),
    ]
    file, payload = world.job_search.find("4")
    assert (file.state, file.started_at > 0, file.finished_at > 0) == ("succeeded", True, True)
    assert payload["queue"] == "delta-file"


def test_what_a_worker_is_at_is_running() -> None:
    world = World()
    world.web.files[URL] = OSError("stops here")  # type: ignore[assignment]
    world.submit(URL)
    with pytest.raises(OSError, match="stops here"):
        world.fan_out.work(lambda: 900.0)
    assert [(job.id, job.state) for job in search(world, state="running")] == [("1", "running")]
    assert ids(world, state="queued") == []


def test_what_is_cleared_is_found_as_cleared() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1"), entry("add-article", "2")])
    world.intake_once()
    world.file_worker_once()
    world.submit(URL)
    world.commands.clear()
    assert ids(world, state="cleared") == ["1-0", "1-1", "2"]
    assert ids(world, state="queued") == []
    world.settle()
    assert ids(world, state="cleared") == ["1-0", "1-1", "2"]


def test_what_a_retry_is_about_to_run_is_queued_again() -> None:
    world = mixed()
    world.commands.retry(article="2")
    world.maintenance_once()
    gate = world.memory_ledger.gates(["2"])["2"]
    world.drainer._start(Drain("2", gate.ticket), lambda: 900.0)
    assert [(job.id, job.state) for job in search(world, article="2")] == [
        ("1-1", "queued"),
        ("1-2", "queued"),
        ("3-0", "queued"),
    ]
    assert ids(world, state="queued") == ["1-1", "1-2", "3-0"]
    assert ids(world, article="2", state="failed") == []


def test_what_succeeded_and_was_forgotten_is_found_no_more() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    assert world.commands.clear_successful()
    assert ids(world) == []
    assert ids(world, file="1") == []
    for job in ("1", "1-0"):
        with pytest.raises(NotFound):
            world.job_search.find(job)


def test_a_file_that_failed_and_was_retried_is_no_failure_any_more() -> None:
    world = World()
    world.submit(URL)
    world.settle()
    assert ids(world, state="failed") == ["1"]
    world.web.files[URL] = b'[{"operation": "add-article", "articleData": {"F_1": "1"}}]'
    world.commands.retry(ids=["1"])
    world.settle()
    assert ids(world, state="failed") == []
    assert [(job.id, job.state) for job in search(world)] == [("1", "flushed"), ("3-0", "succeeded")]


def test_a_job_is_found_with_its_payload() -> None:
    world = mixed()
    job, payload = world.job_search.find("1-1")
    assert (job.id, job.state, job.cause) == ("1-1", "failed", "rule")
    assert payload["articleData"] == {"F_1": "2", "F_3": "x"}
    assert (payload["operation"], payload["queue"]) == ("replace-article-feature", "delta-article")
    assert payload["file"] == job.file == "s3://bucket/delta/a.json"


@pytest.mark.parametrize(
    "job", ["9", "1-4", "1-99999", "2-0", "", "x", "1-", "-1", "1-1-1", "1 ", "٣", "1" * 13, "0"]
)
def test_what_is_no_job_is_not_found(job: str) -> None:
    with pytest.raises(NotFound):
        mixed().job_search.find(job)


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("x", {}),
        ("1", {}),
        ("1:x", {"state": "failed"}),
        ("1:1", {"state": "blocked"}),
        ("1:1:1:1", {"article": "2"}),
        ("1:1:1:1:other", {"article": "2"}),
    ],
)
def test_a_place_that_no_search_gave_is_refused(place: str, wanted: dict[str, str]) -> None:
    world = mixed()
    with pytest.raises(Invalid, match="cursor"):
        world.job_search.part(10, place, **wanted)


operations = st.sampled_from(("add-article", "delete-article", "replace-article-feature", "nonsense"))
entries = st.lists(st.tuples(operations, st.sampled_from("1234")), max_size=8)
commands = st.sampled_from(("flush", "clear", "retry", "none", "none"))


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(st.tuples(entries, commands), min_size=1, max_size=4),
    packing=st.sampled_from(("1", "25")),
    scope=st.sampled_from(("article", "global")),
    limit=st.integers(1, 7),
)
def test_every_search_finds_just_the_jobs_that_the_ledger_holds(
    files: list[tuple[list[tuple[str, str]], str]], packing: str, scope: str, limit: int
) -> None:
    world = World(ENTRIES_PER_MESSAGE=packing, DELTA_BLOCK_SCOPE=scope)
    for number, (of_file, command) in enumerate(files):
        world.drop(f"{number}.json", [entry(operation, article, F_3="x") for operation, article in of_file])
        if command == "none":
            world.settle()
        else:
            world.intake_once()
            world.file_worker_once()
            {"flush": world.commands.flush, "clear": world.commands.clear, "retry": world.commands.retry}[
                command
            ]()
    world.settle()
    held = all_entries(world)
    everything = search(world, limit)
    assert {job.id: job.state for job in everything if job.position is not None} == held
    assert len({job.id for job in everything}) == len(everything)
    for state in JOB_STATES:
        expected = {job.id for job in everything if job.state == state}
        found = ids(world, limit, state=state)
        assert len(found) == len(expected)
        assert set(found) == expected, state
    for article in "1234":
        expected = {job.id for job in everything if job.article == article and job.state in HELD}
        assert set(ids(world, limit, article=article)) == expected


def all_entries(world: World) -> dict[str, str]:
    """Every entry of every file and its state, read page by page."""
    found: dict[str, str] = {}
    for file, _ in world.memory_ledger.files(1, 10**6, 10**6):
        for pos in range(file.total):
            found[f"{file.n}-{pos}"] = world.entry_state(file.n, pos)
    return found


@pytest.mark.parametrize("state", [None, "blocked", "failed", "succeeded"])
def test_what_is_there_throughout_is_found_once_while_other_work_moves(state: str | None) -> None:
    world = World()
    for name in range(6):
        numbers = [f"{name}-{index}" for index in range(3)]
        world.drop(
            f"{name}.json",
            [
                entry("add-article", f"new-{name}"),
                *(feature(n) for n in numbers),
                *(feature(n) for n in numbers),
            ],
        )
    world.settle()
    wanted = {} if state is None else {"state": state}
    before = {job.id: job for job in search(world, 500, **wanted)}
    seen: list[str] = []
    for turn, part in enumerate(parts(world, 2, **wanted)):
        seen += [job.id for job in part]
        if turn % 3 == 0:
            world.drop(f"more-{turn}.json", [entry("add-article", f"more-{turn}"), feature(f"other-{turn}")])
        elif turn % 3 == 1 and turn < 12:
            number = f"{5 - turn // 3}-{turn % 3}"
            world.put_article(number)
            world.commands.retry(article=number)
        world.settle()
    after = {job.id: job for job in search(world, 500, **wanted)}
    throughout = {job for job in before if job in after}
    assert throughout
    assert [job for job in seen if job in throughout] == [job for job in before if job in throughout]
    assert len(seen) == len(set(seen))


def test_the_reads_of_a_part_are_bounded_whatever_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for name in range(3):
        world.drop(f"{name}.json", [feature(f"{name}-{index}") for index in range(250)])
    world.settle()
    monkeypatch.setattr(job_filter, "RECORDS_A_PART", 2)
    for wanted in (
        {"file": "3"},
        {"article": "1-7", "file": "2"},
        {"state": "failed"},
        {"state": "blocked"},
        {},
    ):
        answers = [len(part) for part in parts(world, 500, **wanted)]
        assert len(answers) > 1
    assert ids(world, 500, file="3") == [f"3-{pos}" for pos in range(250)]
    assert ids(world, 500, article="1-7", file="2") == ["2-7"]
    assert len(ids(world, 500, state="failed")) == 3 * 250
    assert len(ids(world, 500)) == 3 * 250


def test_the_bytes_of_a_part_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.drop("a.json", [entry("add-article", str(number), F_3="x" * 1000) for number in range(500)])
    world.settle()
    monkeypatch.setattr(job_filter, "BYTES_A_PART", 100_000)
    assert [len(part) for part in parts(world, 500)] == [100, 100, 100, 100, 100, 0]


def test_failures_are_found_without_looking_through_files() -> None:
    world = World()
    for name in range(30):
        world.drop(f"{name}.json", [entry("add-article", f"{name}-{index}") for index in range(120)])
    world.drop("bad.json", [feature("missing"), feature("missing")])
    world.settle()

    def calls(**wanted: str) -> list[str]:
        world.faults.seen.clear()
        assert ids(world, 100, **wanted)
        return world.faults.seen

    for wanted in ({"state": "failed"}, {"state": "blocked"}, {"article": "missing"}):
        seen = calls(**wanted)
        assert len(seen) <= 14
        assert "ledger.files" not in seen
        assert "ledger.pages_of" not in seen
    # and files that hold no such job are passed over by their counts
    assert ids(world, 100, state="cleared") == []
    assert world.faults.seen.count("ledger.pages_of") == 0


def test_an_entry_whose_bytes_are_gone_is_shown_without_them() -> None:
    world = mixed()
    fresh = World()
    fresh.memory_ledger = world.memory_ledger
    job, payload = fresh.job_search.find("1-1")
    assert (job.state, job.operation, job.article) == ("failed", None, None)
    assert payload["articleData"] == {}


def test_an_entry_that_stands_behind_an_older_failure_since_then_is_still_a_failure_of_its_file() -> None:
    world = World()
    received = waiting(world, "a.json", [feature("1", "F_3")])
    world.drop("b.json", [feature("1", "F_4")])
    bury(world, received[0])  # the older entry is recorded after the younger one
    world.intake_once()
    world.file_worker_once()
    world.apply_once()
    assert ids(world, state="failed") == ["2-0"]
    world.settle()
    older, younger = search(world)
    assert (older.state, younger.state) == ("failed", "failed")
    assert younger.errors == ("An older failure (entry 1 of file 1) came later and holds the article now.",)
    assert ids(world, article="1") == ids(world, article="1", state="failed") == ["1-0", "2-0"]
