"""Pushing to other places, and pulling it back into another store: all arrives, once, whatever goes wrong."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.documents.conditions import Conditions, Tags
from chalicelib.lrs.documents.service import Content
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.versions import V2
from chalicelib.ports.documents import DocumentContext, DocumentName, DocumentService
from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.lrs_access import ConnectionRecord, ConnectionType
from chalicelib.ports.outgoing import AnswerTooLarge, Request, Response
from chalicelib.ports.registries import RegistrySearch
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.remote_lrs import RemoteStore
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.search_cluster import PASSWORD, USER, MemoryCluster
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_pull import HOST, again, connect, ids, names
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, D, statement, voiding

MOST_CALLS = 150
ANN = {"mbox": "mailto:ann@example.com"}
PUSH: dict[str, Any] = {"store": "store", "service": "statements", "until": "now"}
SETTINGS: Mapping[ConnectionType, dict[str, str]] = {
    "file": {"prefix": "exports/night"},
    "db": {"driver": "opensearch", "host": "https://search.example.com", "username": USER, "prefix": "copy"},
}
FILE = "files/exports/night_statements_store.jsonl"


@pytest.fixture
def stored() -> Stored:
    return fresh()


def fresh() -> Stored:
    made = Stored()
    for slug in ("store", "other"):
        make_store(made, slug)
    connect(made)
    made.outgoing.hosts |= {HOST: RemoteStore(), "search.example.com": MemoryCluster()}
    for kind, settings in SETTINGS.items():
        record = ConnectionRecord(kind, kind, "v1", kind, 1.0, settings, {"password": PASSWORD})
        made.access_store.put_connection(record, None)
    made.clock.advance(1000)
    return made


def far(stored: Stored) -> RemoteStore:
    found = stored.outgoing.hosts[HOST]
    assert isinstance(found, RemoteStore)
    return found


def cluster(stored: Stored) -> MemoryCluster:
    found = stored.outgoing.hosts["search.example.com"]
    assert isinstance(found, MemoryCluster)
    return found


def record(stored: Stored, *statements: dict[str, object], parts: dict[str, bytes] | None = None) -> None:
    LrsWorld(stored).recording.record(principal(), V2, list(statements), parts or {})
    stored.clock.advance(200)


def push(stored: Stored, connection: str = "far", **parameters: object) -> JobRecord:
    return run_new(stored, "push", **{**PUSH, "connection": connection, **parameters})


def lines(stored: Stored, key: str = FILE) -> list[Any]:
    return [json.loads(line) for line in b"".join(stored.blobs.read(key)).splitlines()]


def pull_back(stored: Stored, connection: str, service: str = "statements") -> JobRecord:
    """Moves what was written for `store` to the names of `other`, and pulls it there."""
    if connection == "file":
        for key in stored.blobs.keys:
            if key.endswith("_store.jsonl"):
                stored.blobs.put(key.replace("_store", "_other"), b"".join(stored.blobs.read(key)))
    else:
        made = cluster(stored).indexes
        made |= {name.replace("_store", "_other"): index for name, index in made.items()}
    stored.clock.advance(200)
    return run_new(stored, "pull", store="other", service=service, until="now", connection=connection)


def test_statements_arrive_there_with_their_attachments(stored: Stored) -> None:
    record(stored, attached(A), statement(B), parts={HASH: BYTES})
    job = push(stored)
    assert (job.success, counts(job)) == (True, (2, 2, 0, 0)), job.feedback
    assert (set(far(stored).stored), far(stored).contents) == ({A, B}, {HASH: BYTES})


def test_what_was_voided_is_not_sent(stored: Stored) -> None:
    record(stored, statement(A), statement(B))
    record(stored, voiding(C, A))
    push(stored)
    assert far(stored).stored.keys() == {B, C}


def test_a_later_run_sends_what_is_new_alone(stored: Stored) -> None:
    record(stored, statement(A))
    job = push(stored)
    record(stored, statement(B))
    assert counts(again(stored, job)) == (1, 1, 0, 0)
    assert far(stored).posts == [[A], [B]]


def test_of_a_batch_only_the_statement_fails_that_is_refused_there(stored: Stored) -> None:
    wrong = names(100)[41]
    far(stored).rejects = {wrong}
    record(stored, *(statement(name) for name in names(100)))
    job = push(stored)
    assert counts(job) == (100, 99, 0, 1)
    assert far(stored).stored.keys() == set(names(100)) - {wrong}
    assert f"Statement {wrong} was refused there with status 400" in job.feedback


@pytest.mark.parametrize("status", [500, 429])
def test_a_store_that_breaks_half_way_gets_each_statement_once(status: int, stored: Stored) -> None:
    for start in range(0, 300, 100):
        record(stored, *(statement(name) for name in names(300)[start : start + 100]))
    far(stored).failing = dict.fromkeys(range(2, 9), status)
    job = push(stored)
    assert (job.success, counts(job)) == (True, (300, 300, 0, 0))
    assert sorted(name for post in far(stored).posts for name in post) == names(300)


def test_a_wrong_password_ends_the_run_with_words(stored: Stored) -> None:
    record(stored, statement(A))
    stored.access_store.delete_connection("lrs", "far", "v1")
    connect(stored, username="carl")
    job = push(stored)
    assert job.success is False
    assert "look at its address, user name, password and permissions" in job.feedback


@pytest.mark.parametrize("connection", ["file", "db"])
@pytest.mark.parametrize("raw", [True, False])
def test_files_and_clusters_give_back_what_they_got(connection: str, raw: bool, stored: Stored) -> None:
    record(stored, attached(A), statement(B), parts={HASH: BYTES})
    record(stored, *(statement(name) for name in names(250)[2:]))
    job = push(stored, connection, raw=raw)
    assert (job.success, counts(job)) == (True, (250, 250, 0, 0)), job.feedback
    back = pull_back(stored, connection)
    assert (back.success, counts(back)) == (True, (250, 250, 0, 0)), back.feedback
    assert ids(stored, "other") == set(names(250))
    assert LrsWorld(stored).attachments.read("other", HASH) == (None if raw else BYTES)


def test_a_file_is_written_on(stored: Stored) -> None:
    record(stored, statement(A))
    job = push(stored, "file", raw=True)
    record(stored, statement(B))
    again(stored, job)
    assert [line["id"] for line in lines(stored)] == [A, B]
    assert [key for key in stored.blobs.keys if key.startswith("push-parts/")] == []
    back = pull_back(stored, "file")
    assert counts(back) == (2, 2, 0, 0)
    record(stored, statement(C))
    again(stored, job)
    stored.blobs.put(FILE.replace("_store", "_other"), b"".join(stored.blobs.read(FILE)))
    assert counts(again(stored, back)) == (1, 1, 0, 0)


def test_raw_lines_are_statements_and_others_tell_what_is_known(stored: Stored) -> None:
    record(stored, statement(A))
    push(stored, "file", raw=True)
    push(stored, "db")
    [line] = lines(stored)
    assert line["actor"] == ANN
    document = cluster(stored).indexes["copy_statements_store"][A]
    assert document["raw"] == line
    assert (document["id"], document["stored"], document["valid"]) == (A, line["stored"], True)


def test_of_a_file_only_the_line_fails_that_is_none(stored: Stored) -> None:
    text = "\n".join(
        ["no json", "[1]", "", json.dumps(statement(A)), '{"id": "x"}', json.dumps(statement(B))]
    )
    stored.blobs.put(FILE, text.encode())
    job = run_new(stored, "pull", **PUSH, connection="file")
    assert counts(job) == (5, 2, 0, 3)
    assert ids(stored) == {A, B}
    assert "The line at byte 0 cannot be used" in job.feedback


def test_of_a_cluster_only_the_document_fails_that_it_refuses(stored: Stored) -> None:
    cluster(stored).rejects = {B}
    record(stored, statement(A), statement(B), statement(C))
    assert counts(push(stored, "db")) == (3, 2, 0, 1)


def test_a_cluster_that_breaks_half_way_is_waited_for(stored: Stored) -> None:
    record(stored, *(statement(name) for name in names(250)))
    cluster(stored).failing = dict.fromkeys(range(2, 9), 503)
    assert counts(push(stored, "db")) == (250, 250, 0, 0)
    assert cluster(stored).indexes["copy_statements_store"].keys() == set(names(250))


@pytest.mark.parametrize("connection", ["far", "file", "db"])
def test_agents_leave_under_pseudonyms(connection: str, stored: Stored) -> None:
    record(stored, {**statement(A), "actor": {**ANN, "name": "Ann"}})
    push(stored, connection, pseudonymize_statements=True)
    account = LrsWorld(stored).pseudonyms.identity(agent_key(ANN) or "")
    sent: dict[str, Callable[[], Any]] = {
        "far": lambda: far(stored).stored[A][1],
        "file": lambda: lines(stored)[0]["raw"],
        "db": lambda: cluster(stored).indexes["copy_statements_store"][A]["raw"],
    }
    found = sent[connection]()
    assert found["actor"] == account
    assert "ann" not in json.dumps(found).lower()


def test_by_updates_what_was_changed_is_sent_again_in_that_order(stored: Stored) -> None:
    record(stored, *(statement(name) for name in names(250)))
    job = push(stored, "file", raw=True, sync_updates=True)
    assert counts(job) == (250, 250, 0, 0)
    assert counts(again(stored, job)) == (0, 0, 0, 0)
    double = stored.statement_store
    now = int(stored.clock.now() * 1_000_000)
    found = double.get_many("store", [A, B, C])
    double.update([replace(found[name], updated=now - place) for place, name in enumerate([A, B, C])])
    stored.clock.advance(600)
    assert counts(again(stored, job)) == (3, 3, 0, 0)
    assert [line["id"] for line in lines(stored)][-3:] == [C, B, A]


@pytest.mark.parametrize("connection", ["file", "db"])
@pytest.mark.parametrize("service", ["agents", "activities"])
def test_agents_and_activities_go_and_come_back(connection: str, service: str, stored: Stored) -> None:
    record(stored, {**statement(A), "actor": {**ANN, "name": "Ann"}})
    job = push(stored, connection, service=service)
    assert counts(job)[1] >= 1, job.feedback
    back = pull_back(stored, connection, service)
    assert counts(back) == counts(job), back.feedback

    def known(store: str) -> set[str]:
        search = RegistrySearch(service, store, 100)  # type: ignore[arg-type]
        return {entry.text for entry in stored.registry_store.search(search)}

    stored.registry_store.refresh(service)  # type: ignore[arg-type]
    assert known("other") == known("store") != set()


@pytest.mark.parametrize("connection", ["file", "db"])
@pytest.mark.parametrize("service", ["states", "agent-profiles", "activity-profiles"])
def test_documents_go_and_come_back(connection: str, service: DocumentService, stored: Stored) -> None:
    def name(store: str) -> DocumentName:
        agent = "" if service == "activity-profiles" else agent_key(ANN) or ""
        activity = "" if service == "agent-profiles" else "http://example.com/activities/one"
        return DocumentName(DocumentContext(store, service, agent, activity), "bookmark")

    agent = "" if service == "activity-profiles" else json.dumps(ANN)
    none_there = Conditions(if_none_match=Tags(frozenset(), True))
    documents = LrsWorld(stored).documents
    documents.put(name("store"), Content("client", b"\x00page 7", "text/x", agent), none_there, V2)
    stored.clock.advance(600)
    job = push(stored, connection, service=service)
    assert counts(job) == (1, 1, 0, 0), job.feedback
    back = pull_back(stored, connection, service)
    assert counts(back) == (1, 1, 0, 0), back.feedback
    found = LrsWorld(stored).documents.read(name("other"))
    assert found is not None
    assert (found.body, found.content_type) == (b"\x00page 7", "text/x")


def arrived(stored: Stored, connection: str) -> list[str]:
    """The ids of what stands at the other place, as often as it stands there."""
    if connection == "file":
        return [line["id"] for line in lines(stored)]
    return list(
        far(stored).stored if connection == "far" else cluster(stored).indexes["copy_statements_store"]
    )


@pytest.mark.parametrize("connection", ["far", "file", "db"])
@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_call_goes_wrong_all_arrive_once(kind: str, connection: str) -> None:
    for at in range(MOST_CALLS):
        stored = fresh()
        record(stored, attached(A), statement(B), statement(D), parts={HASH: BYTES})
        [job] = create(stored, "push", **PUSH, connection=connection)
        faults = Faults(at, kind)
        ended = run(stored, job, lambda stored=stored, faults=faults: LrsWorld(stored, around(faults)))  # type: ignore[misc]
        settle(stored)
        where = f"{kind} at {at}: {faults.seen[at] if at < len(faults.seen) else 'nothing'}"
        assert (ended.success, counts(ended)) == (True, (3, 3, 0, 0)), where
        assert sorted(arrived(stored, connection)) == sorted([A, B, D]), where
        if connection == "file":
            assert not any(key.startswith("push-parts/") for key in stored.blobs.keys), where
        if at >= len(faults.seen):
            return
    raise AssertionError("more calls than expected")


def test_the_deployment_may_force_pseudonyms(stored: Stored) -> None:
    record(stored, statement(A))
    [job] = create(stored, "push", **PUSH, connection="far", pseudonymize_statements=False)

    def world() -> LrsWorld:
        made = LrsWorld(stored)
        made.__dict__["effective_options"] = EffectiveOptions({}, {"pseudonymize_statements": True})
        return made

    run(stored, job, world)
    assert "account" in far(stored).stored[A][1]["actor"]
    assert PipelineOptions().pseudonymize_statements is False


@pytest.mark.parametrize("by_update", [False, True])
def test_large_attachments_go_out_page_by_page(
    by_update: bool, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.lrs.remotes.leaving.HELD_BYTES", 2 * len(BYTES))
    record(stored, *(attached(name) for name in names(9)), parts={HASH: BYTES})
    job = push(stored, sync_updates=by_update)
    assert (job.success, counts(job)) == (True, (9, 9, 0, 0)), job.feedback
    assert sorted(name for post in far(stored).posts for name in post) == names(9)
    assert max(len(post) for post in far(stored).posts) <= 2


def test_many_changed_at_one_moment_leave_page_by_page(stored: Stored) -> None:
    record(stored, *(statement(name) for name in names(250)))
    double = stored.statement_store
    found = double.get_many("store", names(250))
    double.update([replace(each, updated=found[A].updated) for each in found.values()])
    job = push(stored, sync_updates=True)
    assert counts(job) == (250, 250, 0, 0)
    assert sorted(name for post in far(stored).posts for name in post) == names(250)


@pytest.mark.parametrize("kind", ["push", "pull"])
def test_a_connection_that_leads_elsewhere_begins_from_the_start(kind: str, stored: Stored) -> None:
    record(stored, statement(A))
    far(stored).add(statement(B))
    parameters = {**PUSH, "connection": "far"}
    job = run_new(stored, kind, **parameters)
    assert counts(again(stored, job))[1] == 0
    stored.outgoing.hosts["new.example.com"] = new = RemoteStore()
    new.add(statement(C))
    stored.access_store.delete_connection("lrs", "far", "v1")
    connect(stored, "new.example.com")
    assert counts(again(stored, job))[1] >= 1
    assert A in new.stored if kind == "push" else C in ids(stored)


def test_of_large_documents_fewer_are_asked_for(stored: Stored) -> None:
    record(stored, *(statement(name) for name in names(30)))
    push(stored, "db")
    inner, sizes = cluster(stored), list[int]()

    def answer(request: Request) -> Response:
        if "/_search" in request.url:
            sizes.append(json.loads(request.body or b"")["size"])
            if sizes[-1] > 10:
                raise AnswerTooLarge("The answer is too large.")
        return inner(request)

    inner.indexes["copy_statements_other"] = inner.indexes["copy_statements_store"]
    stored.outgoing.hosts["search.example.com"] = answer
    job = run_new(stored, "pull", store="other", service="statements", until="now", connection="db")
    assert (job.success, counts(job)) == (True, (30, 30, 0, 0)), job.feedback
    assert set(sizes) == {100, 10}
