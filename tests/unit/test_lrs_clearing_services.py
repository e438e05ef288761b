"""Clearing documents, agents and activities: what was neither made nor changed since goes, with its bodies."""

import pytest

from chalicelib.lrs.documents.changing import INLINE_BYTES, Content
from chalicelib.lrs.documents.conditions import conditions_of
from chalicelib.lrs.jobs.machine import data
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.versions import V1, V2
from chalicelib.ports.documents import DocumentContext, DocumentName, DocumentService
from chalicelib.ports.registries import Registry
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.unit.test_lrs_record_store_races import A, B, statement

ANN = "mbox:mailto:ann@example.com"
COURSE = "http://example.com/courses/one"
MOST_CALLS = 100
HOURS = 3600
CONTEXTS: dict[DocumentService, DocumentContext] = {
    "states": DocumentContext("store", "states", ANN, COURSE),
    "activity-profiles": DocumentContext("store", "activity-profiles", "", COURSE),
    "agent-profiles": DocumentContext("store", "agent-profiles", ANN, ""),
}
REGISTRIES: tuple[Registry, ...] = ("agents", "activities")


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def put(stored: Stored, service: DocumentService, name: str, body: bytes = b"{}") -> DocumentName:
    """Keeps a document; a second passes."""
    document = DocumentName(CONTEXTS[service], name)
    content = Content("client", body, "application/json", '{"mbox":"mailto:ann@example.com"}')
    LrsWorld(stored).documents.put(document, content, conditions_of({}), V1 if service == "states" else V2)
    stored.clock.advance(1)
    return document


def names(stored: Stored) -> set[str]:
    return {name.id for name in stored.document_store.documents}


@pytest.mark.parametrize("service", CONTEXTS)
def test_documents_of_the_service_go_with_their_bodies(stored: Stored, service: DocumentService) -> None:
    for other in CONTEXTS:
        put(stored, other, f"small of {other}")
        put(stored, other, f"large of {other}", b"x" * (INLINE_BYTES + 1))
    job = run_new(stored, "clearing", store="store", service=service, until="now")
    assert job.success is True
    assert counts(job) == (2, 2, 0, 0)
    assert job.evidence["left"] == 0
    rest = {f"{size} of {other}" for size in ("small", "large") for other in CONTEXTS if other != service}
    assert names(stored) == rest
    assert len(stored.blobs.keys) == 2


def test_documents_that_were_changed_since_stay(stored: Stored) -> None:
    put(stored, "states", "old")
    put(stored, "states", "changed")
    stored.clock.advance(2 * HOURS)
    put(stored, "states", "changed", b'{"now":1}')
    put(stored, "states", "new")
    run_new(stored, "clearing", store="store", service="states", until="1_hour")
    assert names(stored) == {"changed", "new"}


def test_a_document_that_is_changed_while_it_is_cleared_stays_and_is_told(stored: Stored) -> None:
    put(stored, "states", "bookmark")
    states = data.data_of(LrsWorld(stored), "states")
    cutoff = int(stored.clock.now() * 1_000_000)
    stored.clock.advance(10)
    page = states.page("store", cutoff, None, 10)
    put(stored, "states", "bookmark", b'{"now":1}')
    assert states.remove("store", page.items) == [f"bookmark of {COURSE}"]
    assert names(stored) == {"bookmark"}


def test_what_the_index_may_not_show_yet_is_waited_for(stored: Stored) -> None:
    states = data.data_of(LrsWorld(stored), "states")
    cutoff = int(stored.clock.now() * 1_000_000)
    page = states.page("store", cutoff, None, 10)
    assert (list(page.items), page.last) == ([], False)
    rounds = 0
    while not page.last:
        page = states.page("store", cutoff, page.next, 10)
        rounds += 1
    assert 3 <= rounds <= 6


def test_many_documents_go_page_by_page(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.lrs.data.shape.DataService.per_page", 4)
    for number in range(11):
        put(stored, "states", str(number))
    assert counts(run_new(stored, "clearing", store="store", service="states", until="now")) == (11, 11, 0, 0)
    assert names(stored) == set()


def test_pages_hold_what_one_record_holds(stored: Stored) -> None:
    for number in range(40):
        put(stored, "states", f"{number}-{'x' * 9000}")
    states = data.data_of(LrsWorld(stored), "states")
    cutoff = int(stored.clock.now() * 1_000_000)
    stored.clock.advance(10)
    page = states.page("store", cutoff, None, 1000)
    assert 10 < len(page.items) < 20
    assert counts(run_new(stored, "clearing", store="store", service="states", until="now")) == (40, 40, 0, 0)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_agents_and_activities_go_each_alone(stored: Stored, registry: Registry) -> None:
    LrsWorld(stored).recording.record(principal(), V1, [statement(A)], {})
    stored.clock.advance(1)
    before = {each: len(stored.registry_store.stored("store", each)) for each in REGISTRIES}
    assert before[registry] > 0
    job = run_new(stored, "clearing", store="store", service=registry, until="now")
    assert counts(job) == (before[registry], before[registry], 0, 0)
    assert job.evidence["left"] == 0
    left = {each: len(stored.registry_store.stored("store", each)) for each in REGISTRIES}
    assert left == before | {registry: 0}


def test_a_process_that_cleared_agents_tells_them_again(stored: Stored) -> None:
    world = LrsWorld(stored)
    world.recording.record(principal(), V1, [statement(A)], {})
    stored.clock.advance(1)
    [job] = create(stored, "clearing", store="store", service="agents", until="now")
    run(stored, job, lambda: world)
    world.recording.record(principal(), V1, [statement(B)], {})
    assert agent_key({"mbox": "mailto:ann@example.com"}) in {
        entry.key for entry in stored.registry_store.stored("store", "agents")
    }


def test_an_agent_of_whom_more_is_told_meanwhile_stays(stored: Stored) -> None:
    LrsWorld(stored).recording.record(principal(), V1, [statement(A)], {})
    stored.clock.advance(10)
    agents = data.data_of(LrsWorld(stored), "agents")
    page = agents.page("store", int(stored.clock.now() * 1_000_000), None, 10)
    named = statement(B) | {"actor": {"mbox": "mailto:ann@example.com", "name": "Ann"}}
    LrsWorld(stored).recording.record(principal(), V1, [named], {})
    [told] = agents.remove("store", page.items)
    assert told.startswith("agent ")
    assert "ann" not in told
    assert [entry.key for entry in stored.registry_store.stored("store", "agents")] == [
        agent_key({"mbox": "mailto:ann@example.com"})
    ]


def test_a_dry_run_of_agents_names_nobody(stored: Stored) -> None:
    LrsWorld(stored).recording.record(principal(), V1, [statement(A)], {})
    stored.clock.advance(1)
    job = run_new(stored, "clearing", store="store", service="agents", until="now", dry_run=True)
    assert counts(job)[1:] == (0, 2, 0)
    assert "ann@" not in job.feedback
    assert len(stored.registry_store.stored("store", "agents")) == 2


def cleared_with_a_fault(service: str, k: int, kind: str) -> bool:
    """One run with the k-th call of the workers going wrong; False: they made fewer calls."""
    stored = Stored()
    make_store(stored)
    put(stored, "states", "small")
    put(stored, "states", "large", b"x" * (INLINE_BYTES + 1))
    LrsWorld(stored).recording.record(principal(), V1, [statement(A)], {})
    stored.clock.advance(1)
    [job] = create(stored, "clearing", store="store", service=service, until="now")
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    expected = 2
    assert counts(ended) == (expected, expected, 0, 0), told
    assert len(names(stored)) == (0 if service == "states" else 2), told
    assert len(stored.blobs.keys) == (0 if service == "states" else 1), told
    assert len(stored.registry_store.stored("store", "agents")) == (0 if service == "agents" else 2), told
    assert len(stored.statement_store.stored("store")) == 1, told
    return True


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("service", ["states", "agents"])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(service: str, kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not cleared_with_a_fault(service, k, kind))
    assert calls > 10
