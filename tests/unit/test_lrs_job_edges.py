"""What jobs do at the edges: dates before all data, jobs that go while nobody works on them."""

from dataclasses import replace

import pytest

from chalicelib.ports.jobs import JobRecord
from tests.doubles.lrs_world import LrsWorld, Stored
from tests.doubles.remote_lrs import RemoteStore
from tests.doubles.running_jobs import counts, create, make_store, run_new
from tests.unit.test_lrs_pull import HOST, PULL, connect

CUT_OFF = {
    "clearing": {"service": "statements", "store": "store"},
    "pseudo": {"store": "store"},
    "logs-deletion": {"max_level": 7},
    "pull": {**PULL},
    "push": {**PULL},
}


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    connect(made)
    made.outgoing.hosts[HOST] = RemoteStore()
    made.clock.advance(1000)
    return made


@pytest.mark.parametrize("kind", CUT_OFF)
@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00+23:59", "0001-01-01", "1969-12-31", "9998-12-31T23:59-23:59"]
)
def test_a_date_at_the_ends_of_the_calendar_is_one_like_any_other(
    kind: str, date: str, stored: Stored
) -> None:
    job = run_new(
        stored, kind, **{**CUT_OFF[kind], "until": "date", "until_date": date, "timezone": "Asia/Tokyo"}
    )
    assert job.success, job.feedback
    assert sum(counts(job)) == 0


def console(stored: Stored) -> list[str]:
    return [entry.message for entry in stored.log_store.all() if entry.type == "console"]


def delete(stored: Stored, job: JobRecord) -> None:
    LrsWorld(stored).jobs.delete(job.type, job.id)


def test_a_run_that_no_worker_has_yet_is_told_to_be_cancelled_when_its_job_goes(stored: Stored) -> None:
    [job] = create(stored, "pull", **PULL)
    LrsWorld(stored).job_tick.run()
    delete(stored, job)
    assert [line for line in console(stored) if "cancelled. The job was deleted." in line] != []


def test_a_job_that_does_not_run_goes_without_a_word(stored: Stored) -> None:
    [job] = create(stored, "pull", **PULL)
    delete(stored, job)
    assert console(stored) == []


def test_a_run_whose_worker_died_is_told_to_be_cancelled_when_its_job_goes(stored: Stored) -> None:
    [job] = create(stored, "pull", **PULL)
    LrsWorld(stored).job_tick.run()
    found = stored.job_store.get(job.type, job.id)
    assert found is not None
    assert found.run is not None
    stored.job_store.put(replace(found, run=replace(found.run, worker="dead")), found.version)
    stored.clock.advance(121)
    delete(stored, job)
    assert len(console(stored)) == 1
