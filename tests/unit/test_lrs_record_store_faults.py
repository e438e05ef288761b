"""For every call of a port that recording makes: it throws, loses its answer, arrives late, or its process is killed.

Afterwards all of the request is stored or nothing of it, and the client that sends it again gets the right answer.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.errors import StatementConflict
from chalicelib.lrs.keys import key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.versions import V1
from chalicelib.ports.statement_store import StatementRecord, StatementSearch
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.statement_store import STATEMENT_PARTS, FaultyStatements
from tests.unit.test_lrs_record_store_races import A, B, C, D, referring, statement, voiding

Request = list[dict[str, object]]
MOST_CALLS = 60
READ = key("http://example.com/verbs/read")
BYTES = b"certificate"
HASH = hashlib.sha256(BYTES).hexdigest()


def attached(name: str) -> dict[str, object]:
    described = {
        "usageType": "http://example.com/usage",
        "display": {"en": "certificate"},
        "contentType": "text/plain",
        "length": len(BYTES),
        "sha2": HASH,
    }
    return statement(name) | {"attachments": [described]}


@dataclass
class Case:
    """What was stored before, the request in which a call goes wrong, and the caller of it."""

    request: Request
    before: list[Request] = field(default_factory=list)
    parts: Mapping[str, bytes] = field(default_factory=dict)
    caller: Principal = field(default_factory=principal)


CASES: dict[str, Case] = {
    "two statements": Case([statement(A), statement(B)]),
    "an attachment": Case([attached(A), statement(B)], parts={HASH: BYTES}),
    "voids what is there": Case([voiding(B, A)], [[statement(A)]]),
    "voids what comes later": Case([statement(A)], [[voiding(B, A)]]),
    "refers to what is there": Case([referring(C, B)], [[statement(A)], [referring(B, A)]]),
    "what others refer to": Case([statement(A)], [[referring(B, A)], [referring(C, B)]]),
    "one of two is there": Case([statement(A), statement(B)], [[statement(A)]]),
    "replaces": Case(
        [statement(A, note="new"), statement(B)],
        [[statement(A)]],
        caller=principal(options=PipelineOptions(check_conflicts=False)),
    ),
}


def around(faults: Faults) -> Callable[[str, Any], Any]:
    def wrap(name: str, port: Any) -> Any:
        if name == "clock":
            return port
        return (FaultyStatements if name == "statement_store" else Faulty)(port, name, faults)

    return wrap


def visible(world: LrsWorld) -> dict[str, StatementRecord]:
    every = StatementSearch(store="store", upto=0, limit=100, voided=None)
    return {record.id: record for record in world.reader.page(every).records}


def is_there(found: Mapping[str, StatementRecord], each: Mapping[str, object]) -> bool:
    record = found.get(str(each["id"]))
    return record is not None and json.loads(record.text).get("result") == each.get("result")


def try_it(case: Case, k: int, kind: str) -> bool:
    """One run with the k-th call going wrong; False: the run made fewer calls."""
    stored = Stored()
    for request in case.before:
        LrsWorld(stored).recording.record(case.caller, V1, request, {})
    faults = Faults(at=k, kind=kind)
    answered = False
    try:
        LrsWorld(stored, around(faults)).recording.record(case.caller, V1, case.request, case.parts)
        answered = True
    except (Unavailable, WriteConflict, Killed):
        pass
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    check_at_once(stored, case, answered, told)
    settle(stored)
    check_all_or_nothing(stored, case, answered, told)
    assert LrsWorld(stored).recording.record(case.caller, V1, case.request, case.parts).ids, told
    settle(stored)
    check_everything(stored, case, told)
    return True


def settle(stored: Stored) -> None:
    """What is on its way arrives; leases run out; the sweep comes, and comes again."""
    stored.statement_store.land_late()
    for seconds in (61, 61, 700, 4000, 700):
        stored.clock.advance(seconds)
        LrsWorld(stored).sweep.run(["store"])


def check_at_once(stored: Stored, case: Case, answered: bool, told: str) -> None:
    """Before any sweep: what was answered is there by its id, and no list shows a part."""
    world = LrsWorld(stored)
    there = [is_there(world.reader.find("store", [str(each["id"])]), each) for each in case.request]
    assert all(there) or not answered, told
    old = {str(each["id"]) for request in case.before for each in request}
    listed = [is_there(visible(world), each) for each in case.request if each["id"] not in old]
    assert all(listed) or not any(listed), told


def check_all_or_nothing(stored: Stored, case: Case, answered: bool, told: str) -> None:
    world = LrsWorld(stored)
    assert not world.record_clock.read("store").open, told
    old = [each for request in case.before for each in request]
    there = [is_there(visible(world), each) for each in case.request if each not in old]
    assert all(there) or (not any(there) and not answered), told
    assert (world.attachments.read("store", HASH) is not None) == (bool(case.parts) and all(there)), told


def check_everything(stored: Stored, case: Case, told: str) -> None:
    world = LrsWorld(stored)
    found = visible(world)
    assert all(is_there(found, each) for each in case.request), told
    assert len(stored.statement_store.stored("store~pending")) == 0, told
    for record in found.values():
        target = found.get(record.refers_to or "")
        if target is not None:
            assert target.voided or not record.voiding, told
            assert {target.keys, *target.targets} <= set(record.targets), told
    if case.parts:
        assert world.attachments.read("store", HASH) == BYTES, told
        assert all(not record.claims for record in stored.attachment_records.records.values()), told
    world.statement_store.refresh()
    matches = world.reader.query(principal(), StatementQuery(verb=READ)).records
    assert {record.id for record in matches} == {
        record.id
        for record in found.values()
        if not record.voided and READ in {record.keys.verb, *(keys.verb for keys in record.targets)}
    }, told


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
@pytest.mark.parametrize("name", CASES)
def test_whatever_goes_wrong_all_or_nothing_is_stored_and_the_request_may_be_sent_again(
    name: str, kind: str
) -> None:
    calls = next(k for k in range(MOST_CALLS) if not try_it(CASES[name], k, kind))
    assert calls > 5


def test_content_that_conflicts_leaves_nothing_behind() -> None:
    stored = Stored()
    world = LrsWorld(stored)
    world.recording.record(principal(), V1, [statement(A)], {})
    with pytest.raises(StatementConflict):
        world.recording.record(principal(), V1, [attached(D), statement(A, note="x")], {HASH: BYTES})
    assert set(visible(world)) == {A}
    assert not world.record_clock.read("store").open
    assert world.attachments.read("store", HASH) is None
