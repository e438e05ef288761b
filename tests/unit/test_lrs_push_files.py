"""Pushes to one file: by several jobs at once, by runs that fail, stop or die; each line once, nothing left beside."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs.remotes import files, leaving
from chalicelib.lrs.remotes.shape import Item, Target
from chalicelib.ports.jobs import JobRecord
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored
from tests.doubles.running_jobs import around, counts, create, run, run_new
from tests.doubles.steps import between
from tests.unit.test_lrs_push import FILE, PUSH, fresh, lines, record
from tests.unit.test_lrs_record_store_races import A, B, C, statement

MOST_CALLS = 150


@pytest.fixture
def stored() -> Stored:
    return fresh()


def job(stored: Stored) -> JobRecord:
    [made] = create(stored, "push", **PUSH, connection="file")
    return made


def parts(stored: Stored) -> list[str]:
    return [key for key in stored.blobs.keys if key.startswith("push-parts/")]


def arrived(stored: Stored) -> list[str]:
    return sorted(line["id"] for line in lines(stored))


@pytest.mark.parametrize("before", [True, False], ids=["no file yet", "a file with lines"])
def test_of_two_jobs_that_join_at_once_each_adds_its_lines(stored: Stored, before: bool) -> None:
    record(stored, statement(A), statement(B))
    old = [] if before else [A, B]
    if old:
        run(stored, job(stored))
    first, second = job(stored), job(stored)
    between(stored.blobs, "replace", lambda: run(stored, second))
    ended = run(stored, first)
    assert (ended.success, counts(ended)) == (True, (2, 2, 0, 0))
    assert arrived(stored) == sorted([A, B] * 2 + old)
    assert parts(stored) == []


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_goes_wrong_while_another_joins_each_line_stands_there_once(kind: str) -> None:
    for at in range(MOST_CALLS):
        stored = fresh()
        record(stored, statement(A), statement(B))
        mine, faults, others = job(stored), Faults(at, kind), list[str]()
        between(stored.blobs, "replace", lambda: None, lambda stored=stored, ids=others: _joins(stored, ids))  # type: ignore[misc]
        ended = run(stored, mine, lambda stored=stored, faults=faults: LrsWorld(stored, around(faults)))  # type: ignore[misc]
        where = f"{kind} at {at}: {faults.seen[at] if at < len(faults.seen) else 'nothing'}"
        assert ended.success is True, where
        assert arrived(stored) == sorted([A, B, *others]), where
        assert parts(stored) == [], where
        if at >= len(faults.seen):
            assert others == [C]
            return
    raise AssertionError("more calls than expected")


def _joins(stored: Stored, ids: list[str]) -> None:
    """Another run puts its lines behind what is there, as soon as the first has joined its own."""
    ids.append(C)
    place = files.RemoteFiles(stored.blobs, "exports/night")
    target = Target("statements", "store", "another")
    place.write(target, 0, [Item("C", statement(C))])
    place.end(target, 1)


def test_a_file_that_others_keep_replacing_is_tried_again_later() -> None:
    class Busy(MemoryBlobs):
        def replace(self, key: str, chunks: Any, over: str | None, note: str = "") -> bool:
            return False

    place, target = files.RemoteFiles(Busy(), ""), Target("statements", "store", "run")
    place.write(target, 0, [Item("A", statement(A))])
    with pytest.raises(Unavailable, match="bucket") as raised:
        place.end(target, 1)
    assert raised.value.reason == "others kept writing the file"


def test_the_file_remembers_the_runs_that_were_joined_last_and_no_more(stored: Stored) -> None:
    place = files.RemoteFiles(stored.blobs, "exports/night")
    for number in range(files.MOST_NOTED + 5):
        target = Target("statements", "store", f"run-{number}")
        place.write(target, 0, [Item("A", statement(A))])
        place.end(target, 1)
        place.end(target, 1)
    state = stored.blobs.state(FILE)
    assert state is not None
    assert state.note.split() == [f"run-{number}" for number in range(5, files.MOST_NOTED + 5)]
    assert len(lines(stored)) == files.MOST_NOTED + 5


def failing(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Reading the page with this number ends the run."""
    read: Callable[..., Any] = leaving.leaving
    pages = [0]

    def page(*args: Any) -> Any:
        pages[0] += 1
        if pages[0] > at:
            raise RunFailed("This never works.")
        return read(*args)

    monkeypatch.setattr(leaving, "leaving", page)
    monkeypatch.setattr(leaving, "PER_PAGE", 1)


def test_a_run_that_fails_leaves_nothing_beside_the_file(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(stored, statement(A), statement(B), statement(C))
    failing(monkeypatch, 2)
    seen: list[int] = []
    between(stored.blobs, "put", lambda: None, lambda: seen.append(len(parts(stored))))
    ended = run_new(stored, "push", **PUSH, connection="file")
    assert (ended.success, ended.feedback) == (False, "This never works.")
    assert seen == [1]
    assert stored.blobs.keys == []


def test_a_run_that_fails_tells_why_even_if_nothing_can_be_taken_away(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(stored, statement(A), statement(B), statement(C))
    failing(monkeypatch, 2)

    def down(key: str) -> None:
        raise Unavailable("The bucket", "SlowDown")

    monkeypatch.setattr(stored.blobs, "delete", down)
    ended = run_new(stored, "push", **PUSH, connection="file")
    assert (ended.success, ended.feedback) == (False, "This never works.")
    assert len(parts(stored)) == 2


def test_a_job_that_is_deleted_while_it_runs_leaves_nothing_beside_the_file(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "PER_PAGE", 1)
    record(stored, statement(A), statement(B), statement(C))
    made = job(stored)
    between(stored.blobs, "put", lambda: None, lambda: LrsWorld(stored).jobs.delete("push", made.id))
    with pytest.raises(AssertionError, match="the job is gone"):
        run(stored, made)
    assert stored.blobs.keys == []
