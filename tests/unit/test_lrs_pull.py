"""Pulling from another record store: all that is new there arrives once, whatever goes wrong on the way."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import Invalid
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.versions import V2
from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.lrs_access import ConnectionRecord
from tests.doubles.faults import FAULTS, Faults, Killed
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.remote_lrs import PASSWORD, USER, RemoteStore
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.doubles.steps import between
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, D, statement, voiding

MOST_CALLS = 150
HOST = "far.example.com"


def connect(stored: Stored, host: str = HOST, **settings: str) -> str:
    """The id of a connection to another record store."""
    named = {"endpoint": f"https://{host}/xapi/", "username": USER, **settings}
    made = ConnectionRecord("far", "lrs", "v1", "Far", 1.0, named, {"password": PASSWORD})
    stored.access_store.put_connection(made, None)
    return made.id


@pytest.fixture
def far() -> RemoteStore:
    return RemoteStore()


@pytest.fixture
def stored(far: RemoteStore) -> Stored:
    made = Stored()
    make_store(made)
    connect(made)
    made.clock.advance(1000)
    made.outgoing.hosts[HOST] = far
    return made


PULL: dict[str, Any] = {"store": "store", "service": "statements", "until": "now", "connection": "far"}


def pull(stored: Stored, **parameters: object) -> JobRecord:
    return run_new(stored, "pull", **{**PULL, **parameters})


def again(stored: Stored, job: JobRecord) -> JobRecord:
    """The job after one more run."""
    found = stored.job_store.get(job.type, job.id)
    assert found is not None
    stored.job_store.put(replace(found, replay=True, due_at=0), found.version)
    return run(stored, found)


def ids(stored: Stored, store: str = "store") -> set[str]:
    return {each.id for each in stored.statement_store.stored(store)}


def names(count: int) -> list[str]:
    return [str(uuid.UUID(int=number + (4 << 76) + (8 << 60))) for number in range(count)]


def test_what_is_there_arrives_under_its_ids_with_its_attachments(stored: Stored, far: RemoteStore) -> None:
    far.add(attached(A), statement(B))
    far.contents[HASH] = BYTES
    job = pull(stored)
    assert (job.success, counts(job)) == (True, (2, 2, 0, 0)), job.feedback
    assert ids(stored) == {A, B}
    assert LrsWorld(stored).attachments.read("store", HASH) == BYTES


def test_a_later_run_asks_for_what_is_new_alone(stored: Stored, far: RemoteStore) -> None:
    far.add(statement(A), statement(B))
    job = pull(stored)
    stored.clock.advance(100)
    far.now = int(stored.clock.now() * 1_000_000)
    far.add(statement(C))
    stored.clock.advance(100)
    job = again(stored, job)
    assert counts(job) == (1, 1, 0, 0)
    assert ids(stored) == {A, B, C}


def test_what_a_store_is_not_consistent_through_yet_is_asked_for_again(
    stored: Stored, far: RemoteStore
) -> None:
    far.add(statement(A))
    far.consistent = far.now
    job = pull(stored)
    far.add(statement(B))  # it was being written, and is shown late
    assert counts(again(stored, job)) == (1, 1, 0, 0)
    assert ids(stored) == {A, B}


def test_what_is_beyond_the_cutoff_is_not_pulled(stored: Stored, far: RemoteStore) -> None:
    far.add(statement(A), at=int((stored.clock.now() - 7200) * 1_000_000))
    far.add(statement(B), at=int((stored.clock.now() - 60) * 1_000_000))
    assert counts(pull(stored, until="1_hour"))[1] == 1
    assert ids(stored) == {A}


def test_many_arrive_page_by_page(stored: Stored, far: RemoteStore) -> None:
    far.per_page = 7
    far.add(*(statement(name) for name in names(50)))
    assert counts(pull(stored)) == (50, 50, 0, 0)
    assert ids(stored) == set(names(50))


def test_of_a_page_only_the_statement_fails_that_is_refused(stored: Stored, far: RemoteStore) -> None:
    wrong = names(100)[41]
    far.add(*({**statement(name), **({"verb": {}} if name == wrong else {})} for name in names(100)))
    job = pull(stored)
    assert (job.success, counts(job)) == (True, (100, 99, 0, 1))
    assert ids(stored) == set(names(100)) - {wrong}
    assert wrong in job.feedback


def test_an_id_with_other_content_fails_unless_it_is_to_be_replaced(stored: Stored, far: RemoteStore) -> None:
    LrsWorld(stored).recording.record(principal(), V2, [statement(A, note="ours")], {})
    far.add(statement(A, note="theirs"), statement(B))
    assert counts(pull(stored)) == (2, 1, 0, 1)
    assert counts(pull(stored, check_conflicts=False)) == (2, 2, 0, 0)
    [record] = [each for each in stored.statement_store.stored("store") if each.id == A]
    assert json.loads(record.text)["result"] == {"response": "theirs"}


def test_the_options_of_the_job_hold(stored: Stored, far: RemoteStore) -> None:
    far.add({**statement(A), "verb": {"id": "no iri"}})
    job = pull(
        stored,
        validate_statements=False,
        authority_name="Far",
        authority_homepage="https://far.example.com",
    )
    assert counts(job) == (1, 1, 0, 0)
    [record] = stored.statement_store.stored("store")
    assert record.validated is False
    account = {"homePage": "https://far.example.com", "name": "Far"}
    assert json.loads(record.text)["authority"] == {"objectType": "Agent", "account": account}


@pytest.mark.parametrize("voids", [True, False])
def test_a_batch_whose_worker_died_is_ended_by_the_options_of_the_job(
    voids: bool, stored: Stored, far: RemoteStore
) -> None:
    """Those of the client that made the job are others."""
    far.add(statement(A), voiding(B, A))
    between(stored.record_clock, "commit", lambda: None, _dies)
    [job] = create(stored, "pull", **PULL, void_statements=voids)
    LrsWorld(stored).job_tick.run()
    started = stored.job_store.get("pull", job.id)
    assert started is not None
    assert started.run is not None
    with pytest.raises(Killed):
        LrsWorld(stored).job_worker.work("pull", job.id, started.run.id, lambda: 200.0)
    stored.clock.advance(61)
    sweeper = LrsWorld(stored)
    sweeper.client_options = dict.fromkeys(("", "client"), PipelineOptions(void_statements=not voids))
    sweeper.sweep.run(["store"])
    assert stored.record_clock.read("store").open == {}
    assert {each.id: each.voided for each in stored.statement_store.stored("store")} == {A: voids, B: False}


def _dies() -> None:
    raise Killed


@pytest.mark.parametrize("versions", [("1.0.3",), ("2.0.0",), ("0.9", "1.0.0", "1.0.3")])
def test_stores_of_either_version_are_spoken_to(
    versions: tuple[str, ...], stored: Stored, far: RemoteStore
) -> None:
    far.versions = versions
    far.add({**statement(A), "version": "1.0.3", "timestamp": "20151118T121700"}, statement(B))
    job = pull(stored)
    assert counts(job) == (2, 2, 0, 0), job.feedback


@pytest.mark.parametrize(
    ("service", "made"), [("all", ["statements"]), ("statements", ["statements"]), ("agents", None)]
)
def test_another_record_store_carries_statements_alone(
    service: str, made: list[str] | None, stored: Stored
) -> None:
    if made is None:
        with pytest.raises(Invalid) as refused:
            create(stored, "pull", **{**PULL, "service": service})
        assert list(refused.value.faults) == ["service"]
    else:
        assert [job.service for job in create(stored, "pull", **{**PULL, "service": service})] == made


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_store_that_breaks_half_way_is_waited_for(status: int, stored: Stored, far: RemoteStore) -> None:
    far.per_page = 10
    far.add(*(statement(name) for name in names(50)))
    far.failing = dict.fromkeys(range(3, 12), status)
    job = pull(stored)
    assert (job.success, counts(job)) == (True, (50, 50, 0, 0))
    events, _ = stored.job_store.events(job.type, job.id, None, 100)
    assert any(event.event == "failed" for event in events)
    assert ids(stored) == set(names(50))


def test_a_store_that_never_answers_ends_the_run(stored: Stored) -> None:
    stored.outgoing.hosts.clear()
    [job] = create(stored, "pull", **PULL)
    with pytest.raises(AssertionError, match="does not end"):
        run(stored, job)  # an hour has not passed: it waits
    found = run(stored, job)
    assert found.success is False
    assert "not available" in found.feedback


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"endpoint": "https://localhost/xapi"}, "is not allowed"),
        ({"endpoint": f"https://{HOST}/elsewhere"}, "There is no learning record store"),
        ({"username": "carl"}, "401"),
    ],
)
def test_a_connection_that_cannot_work_ends_the_run_with_words(
    change: dict[str, str], said: str, stored: Stored, far: RemoteStore
) -> None:
    stored.access_store.delete_connection("lrs", "far", "v1")
    connect(stored, **change)
    job = pull(stored)
    assert job.success is False
    assert said in job.feedback
    assert PASSWORD not in job.feedback


def test_the_password_goes_to_no_other_host(stored: Stored, far: RemoteStore) -> None:
    far.per_page = 1
    far.add(statement(A), statement(B))
    far.more = "https://evil.example.com/xapi/statements?more=1"
    job = pull(stored)
    assert job.success is False
    assert "another host" in job.feedback
    assert {request.url.split("/")[2] for request in stored.outgoing.sent} == {HOST}


def test_a_connection_that_is_gone_ends_the_run(stored: Stored) -> None:
    [job] = create(stored, "pull", **PULL)
    stored.access_store.delete_connection("lrs", "far", "v1")
    assert "not there any more" in run(stored, job).feedback


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_call_goes_wrong_all_arrive_once(kind: str) -> None:
    for at in range(MOST_CALLS):
        far = RemoteStore(per_page=2)
        far.contents[HASH] = BYTES
        far.add(statement(A), attached(B), {**statement(C), "verb": {}}, statement(D))
        stored = Stored()
        make_store(stored)
        connect(stored)
        stored.outgoing.hosts[HOST] = far
        stored.clock.advance(1000)
        [job] = create(stored, "pull", **PULL)
        faults = Faults(at, kind)
        ended = run(stored, job, lambda stored=stored, faults=faults: LrsWorld(stored, around(faults)))  # type: ignore[misc]
        settle(stored)
        where = f"{kind} at {at}: {faults.seen[at] if at < len(faults.seen) else 'nothing'}"
        assert (ended.success, counts(ended)) == (True, (4, 3, 0, 1)), where
        assert ids(stored) == {A, B, D}, where
        assert LrsWorld(stored).attachments.read("store", HASH) == BYTES, where
        if at >= len(faults.seen):
            return
    raise AssertionError("more calls than expected")
