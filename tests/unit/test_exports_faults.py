"""For every call that an export makes: it throws, loses its answer, or its process is killed.

Afterwards the run has come to its end by further ticks: the file holds each article once, and the counts add up.
"""

from contextlib import suppress

import pytest

from chalicelib.errors import Unavailable
from chalicelib.exports.results import results_of
from chalicelib.ports.jobs import Progress
from tests.doubles.export_world import EXPORT, ExportGround, ExportWorld, small_parts
from tests.doubles.faults import FAULTS, Faults, Killed

ARTICLES = 150
MOST_CALLS = 200


@pytest.fixture(autouse=True)
def parts_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch, part=900, articles=100)


def ground_with(fault: str = "", at: int = -1, seconds: float = 900.0) -> ExportGround:
    ground = ExportGround(faults=Faults(at=at, kind=fault), seconds=seconds)
    ground.article_scan.per_page = 40
    for number in range(ARTICLES):
        ground.write(f"{number:03d}", F_3="x", F_80004="cheap" if number % 10 == 0 else "1")
    ground.clock.advance(3600)
    return ground


def run_with(fault: str, at: int, seconds: float = 900.0) -> ExportGround:
    ground = ground_with(fault, at, seconds)
    ground.order()
    ground.settle(60)
    return ground


def check_outcome(ground: ExportGround, where: str) -> None:
    (job,) = ground.jobs()
    assert (job.run, job.success, job.due_at) == (None, True, None), (where, job.feedback)
    assert job.progress == Progress(ARTICLES, done=135, failed=15), where
    (result,) = results_of(job)
    rows = [row[0] for row in ground.rows(result)]
    assert rows == [f"{number:03d}" for number in range(ARTICLES) if number % 10], where
    failed = [row["number"] for row in ground.failed_rows(result)]
    assert failed == [f"{number:03d}" for number in range(0, ARTICLES, 10)], where
    assert {result.file, result.failures} <= set(ground.objects()), where


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seconds", [900.0, 59.0])
def test_the_file_holds_each_article_once_whatever_call_goes_wrong(fault: str, seconds: float) -> None:
    calls = run_with("", -1, seconds).faults.seen
    assert 20 < len(calls) < MOST_CALLS
    for at, call in enumerate(calls):
        check_outcome(run_with(fault, at, seconds), f"{fault} at call {at}, {call}")


def test_without_a_fault_nothing_is_left_but_what_is_published() -> None:
    ground = run_with("", -1)
    (result,) = results_of(ground.jobs()[0])
    assert ground.objects() == sorted([result.file, result.failures])
    assert (ground.uploads.open, ground.article_scan.pictures) == ({}, {})


@pytest.mark.parametrize("fault", FAULTS)
def test_an_order_is_made_once_or_not_at_all_whatever_call_goes_wrong(fault: str) -> None:
    def order(at: int) -> tuple[ExportGround, Faults]:
        ground, faults = ground_with(), Faults(at=at, kind=fault)
        with suppress(Unavailable, Killed):
            ExportWorld(ground, faults).exports.create({"format": "csv", "mapping": "test"})
        return ground, faults

    calls = len(order(-1)[1].seen)
    assert calls > 3
    for at in range(calls):
        ground, _ = order(at)
        assert len(ground.jobs()) <= 1
        ground.settle()
        if ground.jobs():
            check_outcome(ground, f"{fault} at call {at}")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_order_whose_call_runs_again_is_made_once(fault: str) -> None:
    def order(at: int) -> tuple[ExportGround, Faults]:
        ground, faults = ground_with(), Faults(at=at, kind=fault)
        for _ in range(2):
            with suppress(Unavailable, Killed):
                body = {"format": "csv", "mapping": "test"}
                ExportWorld(ground, faults).exports.create(body, "the name of this write")
        return ground, faults

    for at in range(len(order(-1)[1].seen)):
        ground, _ = order(at)
        ground.settle()
        check_outcome(ground, f"{fault} at call {at}")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deletion_that_is_cut_off_is_done_again_or_is_done(fault: str) -> None:
    def delete(at: int) -> tuple[ExportGround, Faults]:
        ground = run_with("", -1)
        (job,) = ground.jobs()
        faults = Faults(at=at, kind=fault)
        with suppress(Unavailable, Killed):
            ExportWorld(ground, faults).exports.delete(job.id)
        return ground, faults

    calls = len(delete(-1)[1].seen)
    for at in range(calls):
        ground, _ = delete(at)
        # Whoever sees the export sees its files; what it had published is built on, whether it is there or not.
        for job in ground.jobs():
            check_outcome(ground, f"{fault} at call {at}")
            ground.delete(job)
        ground.clock.advance(3600)
        ground.write("new")
        ground.order(since="last")
        ground.settle()
        (later,) = ground.jobs()
        assert [row[0] for row in ground.rows(ground.result(later))] == ["new"], f"{fault} at call {at}"
        assert later.type == EXPORT


@pytest.mark.parametrize("at", range(30))
def test_a_worker_that_comes_back_late_spoils_no_part(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker stands still in a call for longer than its lease, while another does the run to its end."""
    ground = ground_with()
    ground.order()
    faults = Faults()
    late = ExportWorld(ground, faults)
    calls = 0

    def others_go_on(name: str) -> str:
        nonlocal calls
        faults.seen.append(name)
        if calls == at:
            calls += 1
            ground.clock.advance(121)
            ground.settle()
        calls += 1
        return ""

    monkeypatch.setattr(faults, "meet", others_go_on)
    (job,) = ground.jobs()
    assert job.run is not None
    late.job_worker.work(job.type, job.id, job.run.id, lambda: 900.0)
    ground.settle()
    check_outcome(ground, f"late at call {at}")
