"""Deleting a store: all that is in it goes, the last ready one never does, the job and its log stay."""

from dataclasses import replace

import pytest

from chalicelib.errors import Invalid
from chalicelib.lrs.documents.conditions import conditions_of
from chalicelib.lrs.documents.service import INLINE_BYTES, Content
from chalicelib.lrs.versions import V1
from chalicelib.ports.cmi5_tokens import TokenRecord
from chalicelib.ports.documents import DocumentContext, DocumentName
from chalicelib.ports.logs import LogSearch
from chalicelib.ports.lrs_access import ClientRecord
from tests.doubles.faults import FAULTS, Faults, Killed
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.steps import between
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, statement, voiding

MOST_CALLS = 400
ANN = '{"mbox":"mailto:ann@example.com"}'
ID = "id-of-store"
NEVER = "00000000-0000-4000-8000-0000000000ff"


def filled(store: str = "store") -> Stored:
    """Two stores; the first has something of everything, the other a statement."""
    stored = Stored()
    for slug in (store, "other"):
        make_store(stored, slug)
        world = LrsWorld(stored)
        world.recording.record(principal(slug), V1, [attached(A), statement(B)], {HASH: BYTES})
        world.recording.record(principal(slug), V1, [voiding(C, NEVER)], {})
        for name, size in (("small", 1), ("large", INLINE_BYTES + 1)):
            document = DocumentName(
                DocumentContext(slug, "states", "mbox:mailto:ann@example.com", "http://a.b"), name
            )
            content = Content("client", b"x" * size, "text/plain", ANN)
            world.documents.put(document, content, conditions_of({}), V1)
        client = ClientRecord(f"client-of-{slug}", f"c-{slug}", "v", "c", slug, 0.0, f"user-{slug}", "hash")
        assert stored.access_store.put_client(client, None)
        token = TokenRecord(f"{1:013x}0123456789", slug, client.id, "d", {}, "http://a.b", "", 1, 2)
        assert stored.token_store.add(token)
        world.logs.write("xapi", 3, "something", store=slug)
        create(
            stored, "clearing", store=slug, service="states", until="1_year", repeat="dailyAt", time="03:00"
        )
    stored.clock.advance(1)
    return stored


def left_of(stored: Stored, slug: str) -> dict[str, int]:
    """How much of a store there is."""
    world = LrsWorld(stored)
    return {
        "statements": len(stored.statement_store.stored(slug)),
        "waiting": len(stored.statement_store.stored(f"{slug}~pending")),
        "marks": sum(stored.statement_store.mark(slug, name) is not None for name in (A, B, C, NEVER)),
        "attachments": int(world.attachments.read(slug, HASH) is not None),
        "documents": sum(name.context.store == slug for name in stored.document_store.documents),
        "objects": sum(f"/{slug}/" in key for key in stored.blobs.keys),
        "agents": len(stored.registry_store.stored(slug, "agents")),
        "activities": len(stored.registry_store.stored(slug, "activities")),
        "terms": len(stored.registry_store.stored(slug, "terms")),
        "tokens": len(stored.token_store.created_until(slug, 2**50, 10)),
        "clients": len(stored.access_store.clients(slug)),
        "jobs": sum(job.store == slug for job in stored.job_store.page("clearing", None, 10).jobs),
        "logs": sum(entry.type == "xapi" for entry in world.logs.page(LogSearch(100, store=slug)).entries),
        "store": sum(store.slug == slug for store in stored.access_store.stores()),
    }


def test_everything_of_the_store_goes_and_nothing_of_another() -> None:
    stored = filled()
    before = left_of(stored, "other")
    assert all(count for name, count in left_of(stored, "store").items() if name != "waiting")
    job = run_new(stored, "stores-deletion", store_id=ID)
    assert job.success is True
    assert not any(left_of(stored, "store").values()), left_of(stored, "store")
    assert left_of(stored, "other") == before
    total, done, skipped, failed = counts(job)
    assert (total, skipped, failed) == (done, 0, 0)
    assert job.evidence == {"store": "store", "store_id": ID, "deleted": True}


def test_the_job_and_its_log_outlive_the_store() -> None:
    stored = filled()
    job = run_new(stored, "stores-deletion", store_id=ID)
    kept = stored.job_store.get("stores-deletion", job.id)
    assert kept is not None
    assert "Deletes the store store" in kept.feedback
    events, _ = stored.job_store.events("stores-deletion", job.id, None, 10)
    assert (events[0].event, events[-1].event) == ("started", "passed")


def test_its_clock_is_forgotten() -> None:
    stored = filled()
    assert stored.record_clock.read("store").last > 0
    run_new(stored, "stores-deletion", store_id=ID)
    assert stored.record_clock.read("store").last == 0


def test_the_last_ready_store_is_refused() -> None:
    stored = Stored()
    make_store(stored)
    make_store(stored, "closing", "deleting")
    with pytest.raises(Invalid) as refused:
        create(stored, "stores-deletion", store_id=ID)
    assert list(refused.value.faults) == ["store_id"]


def test_a_store_that_is_being_deleted_may_be_deleted_again() -> None:
    stored = Stored()
    make_store(stored)
    make_store(stored, "closing", "deleting")
    job = run_new(stored, "stores-deletion", store_id="id-of-closing")
    assert job.success is True
    assert [store.slug for store in stored.access_store.stores()] == ["store"]


def test_a_store_that_became_the_last_is_refused_at_the_run() -> None:
    stored = filled()
    [job] = create(stored, "stores-deletion", store_id=ID)
    [other] = [store for store in stored.access_store.stores() if store.slug == "other"]
    stored.access_store.put_store(replace(other, status="deleting", version="x"), other.version)
    ended = run(stored, job)
    assert ended.success is False
    assert "last store" in ended.feedback
    assert len(stored.statement_store.stored("store")) == 3
    assert [store.status for store in stored.access_store.stores() if store.slug == "store"] == ["ready"]


def test_of_two_runs_that_close_the_last_two_stores_at_once_one_store_stays_ready() -> None:
    stored = filled()
    [one] = create(stored, "stores-deletion", store_id=ID)
    [two] = create(stored, "stores-deletion", store_id="id-of-other")
    between(stored.access_store, "put_store", lambda: run_until_closed(stored, two.id))
    ended = [run(stored, job) for job in (one, two)]
    assert any(job.success is False for job in ended)
    assert any(store.status == "ready" for store in stored.access_store.stores())


def run_until_closed(stored: Stored, job_id: str) -> None:
    """Another worker closes its store, and no more."""
    world = LrsWorld(stored)
    world.job_tick.run()
    job = stored.job_store.get("stores-deletion", job_id)
    assert job is not None
    assert job.run is not None
    reads = iter(range(100))
    world.job_worker.work(job.type, job.id, job.run.id, lambda: 800.0 if next(reads) < 1 else 0.0)


def test_a_new_store_of_the_same_slug_is_not_touched() -> None:
    stored = filled()
    [job] = create(stored, "stores-deletion", store_id=ID)
    [old] = [store for store in stored.access_store.stores() if store.slug == "store"]
    stored.access_store.delete_store("store", old.version)
    stored.access_store.put_store(replace(old, id="id-of-another", version="new"), None)
    ended = run(stored, job)
    assert ended.success is True
    assert "no such store" in ended.feedback
    assert len(stored.statement_store.stored("store")) == 3


def test_what_comes_while_the_store_is_deleted_goes_too() -> None:
    stored = filled()
    [job] = create(stored, "stores-deletion", store_id=ID)
    late = [0]

    def record() -> None:
        late[0] += 1
        name = f"00000000-0000-4000-8000-{late[0]:012d}"
        LrsWorld(stored).recording.record(principal(), V1, [statement(name)], {})

    between(stored.statement_store, "remove_found", lambda: None, record)
    ended = run(stored, job)
    assert (ended.success, late) == (True, [1])
    assert not any(left_of(stored, "store").values()), left_of(stored, "store")


def test_a_batch_whose_writer_died_goes_too() -> None:
    stored = filled()
    world = LrsWorld(stored)

    world.__dict__["record_clock"] = _Dying(stored.record_clock)
    with pytest.raises(Killed):
        world.recording.record(principal(), V1, [statement("00000000-0000-4000-8000-000000000777")], {})
    assert len(stored.record_clock.read("store").open) == 1
    assert run_new(stored, "stores-deletion", store_id=ID).success is True
    assert not any(left_of(stored, "store").values())


class _Dying:
    """A clock whose caller dies when it closes a batch."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        if name in ("finish", "commit"):
            raise Killed
        return getattr(self._inner, name)


def test_a_dry_run_lists_what_is_in_the_store_and_changes_nothing() -> None:
    stored = filled()
    before = left_of(stored, "store")
    job = run_new(stored, "stores-deletion", store_id=ID, dry_run=True)
    assert left_of(stored, "store") == before
    assert job.evidence["deleted"] is False
    assert counts(job)[1] == 0
    assert "3 statements" in job.feedback
    assert "2 states" in job.feedback
    assert [store.status for store in stored.access_store.stores()] == ["ready", "ready"]


@pytest.mark.parametrize("repeat", ["everyMinute", "hourlyAt", "dailyAt"])
def test_only_once_may_a_store_be_deleted(repeat: str) -> None:
    stored = filled()
    with pytest.raises(Invalid) as refused:
        create(stored, "stores-deletion", store_id=ID, repeat=repeat, minute=1, time="03:00")
    assert list(refused.value.faults) == ["repeat"]


def deleted_with_a_fault(k: int, kind: str) -> bool:
    """One run with the k-th call of the workers going wrong; False: they made fewer calls."""
    stored = filled()
    before = left_of(stored, "other")
    [job] = create(stored, "stores-deletion", store_id=ID)
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    assert not any(left_of(stored, "store").values()), (told, left_of(stored, "store"))
    assert left_of(stored, "other") == before, told
    total, done, skipped, failed = counts(ended)
    assert (total, skipped, failed) == (done, 0, 0), told
    return True


@pytest.mark.parametrize("kind", [*FAULTS, "in part", "killed halfway"])
def test_whatever_goes_wrong_at_the_end_the_store_is_gone_and_the_other_is_not(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not deleted_with_a_fault(k, kind))
    assert calls > 60
