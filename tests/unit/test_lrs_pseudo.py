"""Pseudonymization: nothing of an agent is left anywhere up to the time, whatever is killed; all else is as before."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.lrs.documents.conditions import conditions_of
from chalicelib.lrs.documents.service import INLINE_BYTES, Content
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.pseudonyms.statements import StatementsUnderPseudonyms
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.statements.references import targets_from
from chalicelib.lrs.validation.equality import SIGNATURE_USAGE
from chalicelib.lrs.versions import V1, V2, XapiVersion
from chalicelib.ports.documents import DocumentContext, DocumentName, DocumentService
from chalicelib.ports.registries import REGISTRIES, RegistryEntry, RegistrySearch
from chalicelib.ports.statement_store import StatementRecord
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_statements import statements
from tests.doubles.lrs_world import AUTHORITY, LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_record_store_races import A, B, C, D, referring, statement, voiding

ANN = {"objectType": "Agent", "mbox": "mailto:ann@example.com", "name": "Ann Example"}
BEN = {
    "objectType": "Agent",
    "account": {"homePage": "https://lms.example.com", "name": "ben-7"},
    "name": "Benedict",
}
TEAM = {"objectType": "Group", "openid": "https://team.example.com", "name": "The Team", "member": [ANN, BEN]}
TRACES = ("ann@example", "Ann Ex", "lms.example.com", "ben-7", "Benedict", "team.example", "The Team")
COURSE = "http://example.com/courses/one"
MOST_CALLS = 250
HOURS = 3600
WORDS = {"until": "now", "store": "store"}
JWS = b"e30." + base64.urlsafe_b64encode(json.dumps({"actor": ANN}).encode()) + b".c2ln"
SIGNATURE = hashlib.sha256(JWS).hexdigest()
BYTES = b"certificate"
HASH = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def record(
    stored: Stored,
    *made: dict[str, Any],
    parts: Mapping[str, bytes] | None = None,
    version: XapiVersion = V2,
    options: PipelineOptions | None = None,
) -> None:
    caller = principal(options=options)
    LrsWorld(stored).recording.record(caller, version, list(made), parts or {})
    stored.clock.advance(1)


def by(actor: Mapping[str, object], name: str, **more: object) -> dict[str, Any]:
    return statement(name) | {"actor": dict(actor)} | more


def put(
    stored: Stored,
    service: DocumentService,
    name: str,
    agent: Mapping[str, object] = ANN,
    body: bytes = b"{}",
) -> None:
    activity = COURSE if service == "states" else ""
    context = DocumentContext("store", service, agent_key(agent) or "", activity)
    content = Content("client", body, "application/json", json.dumps(agent))
    LrsWorld(stored).documents.put(
        DocumentName(context, name), content, conditions_of({}), V1 if service == "states" else V2
    )
    stored.clock.advance(1)


def texts(value: object) -> Iterator[str]:
    """Every text in a value that was stored, wherever it is."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif is_dataclass(value):
        for each in fields(value):
            yield from texts(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from texts(name)
            yield from texts(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from texts(each)
    elif hasattr(value, "__dict__"):
        yield from texts(vars(value))


def everything(stored: Stored) -> str:
    """All that the doubles hold; of the bucket what is there now, its lifecycle takes older versions away."""
    ports = [getattr(stored, each.name) for each in fields(stored) if each.name not in ("clock", "blobs")]
    objects = [b"".join(stored.blobs.read(key)) for key in stored.blobs.keys]
    return "\n".join(texts([ports, objects]))


def traces(stored: Stored) -> set[str]:
    held = everything(stored).lower()
    signed = {"a signature"} if JWS.decode().lower() in held else set()
    return {each for each in TRACES if each.lower() in held} | signed


def entries(stored: Stored, *registries: str) -> dict[str, RegistryEntry]:
    found: dict[str, RegistryEntry] = {}
    for registry in REGISTRIES:
        if registry in (registries or REGISTRIES):
            stored.registry_store.refresh(registry)
            for entry in stored.registry_store.search(RegistrySearch(registry, "store", 1000)):
                found[entry.key] = entry
    return found


def stored_ones(stored: Stored) -> dict[str, StatementRecord]:
    return {each.id: each for each in stored.statement_store.stored("store")}


def key_of(stored: Stored, agent: Mapping[str, object]) -> str:
    return LrsWorld(stored).pseudonyms.key_for(agent_key(agent) or "")


def found_by(stored: Stored, key: str, **more: Any) -> set[str]:
    answer = LrsWorld(stored).reader.query(principal(), StatementQuery(agent=key, **more))
    return {each.id for each in answer.records}


def signed(name: str) -> dict[str, Any]:
    attachments = [
        {
            "usageType": usage,
            "display": {"en": "bytes"},
            "contentType": "application/octet-stream",
            "length": len(data),
            "sha2": hashlib.sha256(data).hexdigest(),
        }
        for usage, data in ((SIGNATURE_USAGE, JWS), ("http://example.com/usage", BYTES))
    ]
    return by(ANN, name, attachments=attachments)


def fill(stored: Stored) -> None:
    """Agents in every place, in statements that refer to one another, in documents and as persons."""
    context = {
        "instructor": BEN,
        "team": TEAM,
        "contextAgents": [{"objectType": "contextAgent", "agent": ANN}],
        "contextGroups": [{"objectType": "contextGroup", "group": TEAM}],
    }
    inner = {"objectType": "SubStatement", **by(BEN, A, context=context)}
    inner.pop("id")
    record(stored, by(TEAM, A, context=context, object=inner))
    world = LrsWorld(stored)
    store_signed(stored, world)
    record(stored, referring(C, B) | {"actor": BEN}, voiding(D, A) | {"actor": ANN})
    put(stored, "states", "bookmark")
    put(stored, "states", "large", BEN, b'{"a":"' + b"x" * INLINE_BYTES + b'"}')
    put(stored, "agent-profiles", "profile", BEN)
    world.persons.make_one("store", [ANN, BEN], "client", int(stored.clock.now() * 1_000_000))
    stored.clock.advance(1)


def store_signed(stored: Stored, world: LrsWorld) -> None:
    """A statement with a signature, as it is stored once it was checked."""
    parts = {SIGNATURE: JWS, HASH: BYTES}
    plain = signed(B)
    for attachment in plain["attachments"]:
        if attachment["usageType"] == SIGNATURE_USAGE:
            attachment["usageType"] = "http://example.com/other"
    record(stored, plain, parts=parts)
    found = stored_ones(stored)[B]
    text = found.text.replace("http://example.com/other", SIGNATURE_USAGE)
    world.statement_store.update([replace(found, text=text)])


def check_all_is_replaced(stored: Stored, told: str = "") -> None:
    world = LrsWorld(stored)
    assert traces(stored) == set(), told
    found = stored_ones(stored)
    assert {name: each.pseudonymized for name, each in found.items()} == dict.fromkeys((A, B, C, D), True), (
        told
    )
    for each in found.values():
        known = {name: replace(other, targets=()) for name, other in found.items()}
        assert set(each.targets) == set(targets_from(each.refers_to, known)), told
    ann, ben, team = (key_of(stored, agent) for agent in (ANN, BEN, TEAM))
    assert found_by(stored, ann) == {B, C, D}, told
    assert found_by(stored, ben) == {C, D}, told  # of the team of A, which is voided; D refers to it
    assert found_by(stored, team) == {D}, told
    assert found[A].voided, told
    assert found[B].attachments == (HASH,), told
    assert world.attachments.read("store", SIGNATURE) is None, told
    assert world.attachments.read("store", HASH) == BYTES, told
    agents = entries(stored, "agents")
    assert agents.keys() == {ann, ben, team, agent_key(AUTHORITY)}, told
    assert {key for key, each in agents.items() if each.pseudonymized} == {ann, ben, team}, told
    assert agents[ann].person == agents[ben].person != agents[team].person, told
    terms = {key for key in entries(stored, "terms") if key.startswith("agent-id:")}
    assert terms == {f"agent-id:{key}" for key in agents}, told
    documents = {name.id: document for name, document in stored.document_store.documents.items()}
    assert {name: each.name.context.agent for name, each in documents.items()} == {
        "bookmark": ann,
        "large": ben,
        "profile": ben,
    }, told
    assert all(each.pseudonymized for each in documents.values()), told
    large = world.documents.read(documents["large"].name)
    assert large is not None, told
    assert len(large.body or b"") > INLINE_BYTES, told


def test_nothing_of_anyone_is_left_and_pseudonyms_are_found(stored: Stored) -> None:
    fill(stored)
    assert traces(stored) == {*TRACES, "a signature"}
    job = run_new(stored, "pseudo", **WORDS)
    assert job.success is True
    assert counts(job) == (7, 7, 0, 0)
    settle(stored)
    check_all_is_replaced(stored)
    assert job.evidence["left"] == 0
    assert str(job.evidence["request"]).startswith("sha256:")


def test_a_second_run_has_nothing_to_do(stored: Stored) -> None:
    fill(stored)
    run_new(stored, "pseudo", **WORDS)
    settle(stored)
    before = stored_ones(stored)
    job = run_new(stored, "pseudo", **WORDS)
    assert counts(job) == (0, 0, 0, 0)
    assert stored_ones(stored) == before
    check_all_is_replaced(stored)


def test_a_dry_run_lists_and_changes_nothing(stored: Stored) -> None:
    fill(stored)
    before = stored_ones(stored), entries(stored), dict(stored.document_store.documents)
    job = run_new(stored, "pseudo", **WORDS, dry_run=True)
    assert counts(job) == (7, 0, 7, 0)
    assert job.feedback.startswith("A dry run, nothing is changed.")
    assert A in job.feedback
    assert (stored_ones(stored), entries(stored), dict(stored.document_store.documents)) == before


def test_what_is_younger_than_the_time_stays_with_its_agents(stored: Stored) -> None:
    record(stored, by(ANN, A))
    record(stored, by(BEN, B))
    stored.clock.advance(2 * HOURS)
    record(stored, by(ANN, C))
    put(stored, "states", "bookmark")
    run_new(stored, "pseudo", store="store", until="1_hour")
    found = stored_ones(stored)
    assert {name for name, each in found.items() if each.pseudonymized} == {A, B}
    assert json.loads(found[C].text)["actor"] == ANN
    agents = entries(stored, "agents")
    assert agents.keys() == {
        agent_key(ANN),
        key_of(stored, ANN),
        key_of(stored, BEN),
        agent_key(AUTHORITY),
    }
    assert found_by(stored, agent_key(ANN) or "") == {C}
    [document] = stored.document_store.documents.values()
    assert document.pseudonymized is False


def test_a_group_that_is_still_named_does_not_tell_of_its_members(stored: Stored) -> None:
    record(stored, by(TEAM, A))
    stored.clock.advance(2 * HOURS)
    record(stored, by({name: value for name, value in TEAM.items() if name != "member"}, B))
    run_new(stored, "pseudo", store="store", until="1_hour")
    team = entries(stored, "agents")[agent_key(TEAM) or ""]
    assert "ann@example" not in team.text
    assert "ben-7" not in team.text


def test_what_refers_to_a_statement_that_is_replaced_later_is_found_by_the_pseudonym_then(
    stored: Stored,
) -> None:
    record(stored, referring(B, A) | {"actor": BEN})
    run_new(stored, "pseudo", **WORDS)
    record(stored, by(ANN, A))
    assert found_by(stored, agent_key(ANN) or "") == {A, B}
    run_new(stored, "pseudo", **WORDS)
    assert found_by(stored, agent_key(ANN) or "") == set()
    assert found_by(stored, key_of(stored, ANN)) == {A, B}
    assert traces(stored) == set()


def test_another_store_is_not_touched(stored: Stored) -> None:
    make_store(stored, "other")
    LrsWorld(stored).recording.record(principal("other"), V1, [by(ANN, A)], {})
    record(stored, by(ANN, A))
    run_new(stored, "pseudo", **WORDS)
    [other] = stored.statement_store.stored("other")
    assert json.loads(other.text)["actor"] == ANN
    assert other.pseudonymized is False


def test_without_a_store_each_has_a_job(stored: Stored) -> None:
    make_store(stored, "other")
    assert {job.store for job in create(stored, "pseudo", until="now")} == {"store", "other"}


def test_updated_says_that_they_were_changed_and_stored_stays(stored: Stored) -> None:
    record(stored, by(ANN, A))
    before = stored_ones(stored)[A]
    run_new(stored, "pseudo", **WORDS)
    after = stored_ones(stored)[A]
    assert after.updated > before.updated
    assert (after.stored, after.digest != before.digest) == (before.stored, True)


def test_the_pseudonymized_statement_may_be_sent_again_and_the_original_is_another(stored: Stored) -> None:
    record(stored, by(ANN, A))
    run_new(stored, "pseudo", **WORDS)
    after = json.loads(stored_ones(stored)[A].text)
    sent = {name: after[name] for name in ("id", "actor", "verb", "object")}
    record(stored, sent)
    assert len(stored_ones(stored)) == 1


def test_one_that_was_invalid_is_to_be_checked_again(stored: Stored) -> None:
    record(stored, by({**ANN, "mbox": "ann"}, A), options=PipelineOptions(validate_statements=False))
    found = stored_ones(stored)[A]
    stored.statement_store.update([replace(found, validated=True, valid=False, faults=("actor.mbox: ann",))])
    run_new(stored, "pseudo", **WORDS)
    after = stored_ones(stored)[A]
    assert (after.validated, after.valid, after.faults) == (False, None, ())


def test_one_that_is_voided_at_the_same_moment_is_voided_and_replaced(stored: Stored) -> None:
    record(stored, by(ANN, A))
    inner = stored.statement_store.get_many
    once = iter([True])

    def meanwhile(store: str, ids: Sequence[str]) -> dict[str, StatementRecord]:
        found = inner(store, ids)
        if next(once, False):
            stored.statement_store.update([replace(each, voided=True) for each in found.values()])
        return found

    world = LrsWorld(stored)
    statements_of = StatementsUnderPseudonyms(world)
    page = statements_of.page("store", 2**60, None, 10)
    stored.statement_store.get_many = meanwhile  # type: ignore[method-assign]
    assert statements_of.replace("store", page.items) == []
    after = stored_ones(stored)[A]
    assert (after.voided, after.pseudonymized) == (True, True)


def test_what_a_batch_read_before_and_adds_after_is_made_anew(stored: Stored) -> None:
    record(stored, by(ANN, A), referring(B, A) | {"actor": BEN})
    now = int(stored.clock.now() * 1_000_000)
    statements_of = StatementsUnderPseudonyms(LrsWorld(stored))
    page = statements_of.page("store", now, None, 10)
    stored.record_clock.register("store", "open", 1, now, now + 60_000_000)
    stored.record_clock.commit("store", "open")
    stale = stored_ones(stored)[A].keys
    sleep = stored.clock.sleep

    def meanwhile(seconds: float) -> None:
        sleep(seconds)
        if "open" in stored.record_clock.read("store").open:
            found = stored_ones(stored)[B]
            stored.statement_store.update([replace(found, targets=(*found.targets, stale))])
            stored.record_clock.finish("store", "open")

    stored.clock.sleep = meanwhile  # type: ignore[method-assign]
    statements_of.replace("store", page.items)
    assert stale not in stored_ones(stored)[B].targets
    assert stored_ones(stored)[B].targets == (stored_ones(stored)[A].keys,)


def test_the_open_batch_of_another_is_left_alone(stored: Stored) -> None:
    record(stored, by(ANN, A))
    now = int(stored.clock.now() * 1_000_000)
    stored.record_clock.register("store", "open", 1, now, now + 60_000_000)
    mine = replace(stored_ones(stored)[A], id=B, batch="open", stored=now, revision=None)
    stored.statement_store.create([mine])
    page = StatementsUnderPseudonyms(LrsWorld(stored)).page("store", now + 10, None, 10)
    assert [item["id"] for item in page.items] == [A]
    assert not page.last


def test_many_go_page_by_page_each_counted_once(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATEMENTS_PER_PAGE", "DOCUMENTS_PER_PAGE", "ENTRIES_PER_PAGE"):
        monkeypatch.setattr(f"chalicelib.lrs.jobs.pseudo.{name}", 3)
    names = [f"00000000-0000-4000-8000-{number:012d}" for number in range(20)]
    for number, name in enumerate(names):
        record(stored, by({"mbox": f"mailto:ann@example{number}.com"}, name))
        put(stored, "states", str(number), {"mbox": f"mailto:ann@example{number}.com"})
    job = run_new(stored, "pseudo", **WORDS)
    assert counts(job) == (40, 40, 0, 0)
    assert traces(stored) == set()
    assert len(entries(stored, "agents")) == 21


def replaced_with_a_fault(k: int, kind: str) -> bool:
    """One run with the k-th call of the first worker going wrong; False: it made fewer calls."""
    stored = Stored()
    make_store(stored)
    fill(stored)
    [job] = create(stored, "pseudo", **WORDS)
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    failed = counts(ended)[3]
    if (
        failed and kind == "refused"
    ):  # the store will not have them so: that is told, and the next run tries again
        assert ended.evidence["left"] == failed, told
        assert "was refused by the store" in ended.feedback, told
        run_new(stored, "pseudo", **WORDS)
        settle(stored)
    else:
        assert counts(ended) == (7, 7, 0, 0), told
    check_all_is_replaced(stored, told)
    return True


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not replaced_with_a_fault(k, kind))
    assert calls > 60


@pytest.mark.parametrize("version", [V1, V2])
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_identifier_of_any_statement_is_left(version: XapiVersion, data: Any) -> None:
    stored = Stored()
    make_store(stored)
    made = dict(data.draw(statements(version)))
    made.pop("attachments", None)
    if isinstance(made.get("object"), dict):
        made["object"] = {name: value for name, value in made["object"].items() if name != "attachments"}
    record(stored, made, version=version)
    wanted = [part for part in _identifiers(made) if len(part) > 8]
    kept = "\n".join(_others(made))
    run_new(stored, "pseudo", **WORDS)
    settle(stored)
    held = everything(stored)
    assert [each for each in wanted if each in held and each not in kept] == []


def _identifiers(statement: Mapping[str, Any]) -> Iterator[str]:
    from chalicelib.lrs.statements.parts import parts

    for part in parts(statement).agents:
        if part.role != "authority":
            yield from texts([part.value.get(name) for name in ("name", "mbox", "mbox_sha1sum", "openid")])
            yield from texts(part.value.get("account"))
            yield part.key or ""


def _others(statement: Mapping[str, Any]) -> Iterator[str]:
    """What stands in other places too, and stays there."""
    from chalicelib.lrs.pseudonyms.identities import Pseudonyms
    from chalicelib.lrs.pseudonyms.replacing import pseudonymized

    yield from texts(pseudonymized(statement, Pseudonyms(b"", "https://pseudonyms.invalid")))
    yield from texts(AUTHORITY)
