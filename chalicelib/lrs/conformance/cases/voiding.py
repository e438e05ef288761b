"""Voiding (Data 2.3.2, Communication 2.1.4; 2.0: 4.2.5)."""

import json

from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.samples import HOME, VOIDED

CHECKS = Checks()
TARGET = "7ccd3322-e1a5-411a-a67d-6a735c76f119"


def voided(probe: Probe, label: str = "") -> tuple[str, str]:
    """Records a statement and one that voids it; their ids."""
    statement = probe.statement(f"target {label}")
    probe.record(statement)
    voiding = probe.voiding(statement["id"], label)
    probe.record(voiding)
    return statement["id"], voiding["id"]


@CHECKS.that("XAPI-00016")
def voiding_statements_are_not_voided(probe: Probe) -> None:
    """A statement that voids a voiding one is stored or refused, and has no effect."""
    target, voiding = voided(probe)
    probe.post(probe.voiding(voiding, "second")).expect(200, 400, 409)
    probe.stored(voiding)
    probe.get("/statements", {"voidedStatementId": voiding}).expect(
        404, because="it voids, and is not voided"
    )
    probe.get("/statements", {"statementId": target}).expect(404, because="it stays voided")


@CHECKS.that("XAPI-00016")
def an_unknown_target_is_no_fault(probe: Probe) -> None:
    """What voids a statement that is not stored is taken; that one may come later, and is voided then."""
    late = probe.statement("late")
    probe.record(probe.voiding(late["id"]))
    probe.record(late)
    probe.get("/statements", {"voidedStatementId": late["id"]}).expect(
        200, because="it was voided beforehand"
    )


@CHECKS.that("XAPI-00017", "XAPI-00020")
def the_object_is_a_statement_ref(probe: Probe) -> None:
    """A voiding statement with any other object is refused."""
    objects: tuple[dict[str, object], ...] = (
        {"objectType": "Activity", "id": f"{HOME}/course"},
        {"id": f"{HOME}/course"},
        {"objectType": "Agent", "mbox": "mailto:anna@example.org"},
        {"objectType": "statementref", "id": TARGET},
        {"objectType": "StatementRef"},
        {"objectType": "StatementRef", "id": "7"},
        {
            "objectType": "SubStatement",
            "actor": {"mbox": "mailto:anna@example.org"},
            "verb": {"id": f"{HOME}/verbs/tested"},
            "object": {"id": f"{HOME}/course"},
        },
    )
    for number, value in enumerate(objects):
        statement = probe.statement(number, verb={"id": VOIDED}, object=value)
        probe.post(statement).refused("a voiding statement needs a StatementRef with an id")


@CHECKS.that("XAPI-00018")
def the_target_is_voided(probe: Probe) -> None:
    """The target is found as voided one only; the voiding statement stays."""
    target, voiding = voided(probe)
    probe.get("/statements", {"statementId": target}).expect(404, because="it is voided")
    found = probe.get("/statements", {"voidedStatementId": target}).expect(200).json
    probe.page({"limit": "1"}).must(found["id"] == target, f"the statement {target}", str(found.get("id")))
    probe.stored(voiding)


@CHECKS.that("XAPI-00019")
def only_the_verb_voided_voids(probe: Probe) -> None:
    """A StatementRef with another verb voids nothing."""
    remarked, target = probe.statement("remarked"), probe.statement("target")
    reference = {"objectType": "StatementRef", "id": remarked["id"]}
    remark = probe.statement("remark", verb={"id": f"{HOME}/verbs/remarked"}, object=reference)
    probe.record(remarked, target, remark)
    probe.record(probe.voiding(target["id"]))
    probe.stored(remarked["id"])
    probe.get("/statements", {"statementId": target["id"]}).expect(404, because="it is voided")


@CHECKS.that("XAPI-00155")
def voided_statement_by_its_id(probe: Probe) -> None:
    """voidedStatementId shows the voided statement as it was."""
    target, _ = voided(probe)
    answer = probe.get("/statements", {"voidedStatementId": target}).expect(200)
    answer.must(answer.json.get("id") == target, f"the statement {target}")
    answer.must(answer.json.get("actor") == probe.agent(), "its actor")


@CHECKS.that("XAPI-00157")
def voided_statement_id_is_a_uuid(probe: Probe) -> None:
    """A voidedStatementId is a UUID of a voided statement."""
    for value in ("", "7", "7ccd3322-e1a5-411a-a67d"):
        probe.get("/statements", {"voidedStatementId": value}).refused("voidedStatementId is no UUID")
    shown = probe.statement()
    probe.record(shown)
    for value in (shown["id"], probe.uuid("unknown")):
        probe.get("/statements", {"voidedStatementId": value}).expect(404, because="no such one is voided")
    target, _ = voided(probe)
    probe.get("/statements", {"voidedStatementId": target}).expect(200)


@CHECKS.that("XAPI-00163")
def voided_statements_are_hidden(probe: Probe) -> None:
    """No query shows a voided statement."""
    kept = probe.statement("kept")
    probe.record(kept)
    target, _ = voided(probe)
    activity = {"activity": probe.iri("activity")}
    found = probe.ids(activity)
    probe.page(activity).must(
        kept["id"] in found, f"the statement {kept['id']} that is not voided", str(found)
    )
    probe.page(activity).must(target not in found, f"the voided statement {target} not shown", str(found))
    found = probe.ids({"registration": probe.mark, "activity": probe.iri("activity"), "ascending": "true"})
    probe.page(activity).must(target not in found, f"the voided statement {target} not shown", str(found))


@CHECKS.that("XAPI-00162")
def what_targets_a_voided_one_is_shown(probe: Probe) -> None:
    """Statements that refer to a voided one, the voiding too, still match what it matched."""
    actor = probe.agent("someone else")
    statement = probe.statement("target", actor=actor)
    reference = {"objectType": "StatementRef", "id": statement["id"]}
    remark = probe.statement("remark", object=reference)
    voiding = probe.voiding(statement["id"])
    for each in (statement, remark, voiding):
        probe.record(each)
    query = {"agent": _text(actor)}
    found = set(probe.ids(query))
    wanted = {remark["id"], voiding["id"]}
    probe.page(query).must(found == wanted, f"the statements {sorted(wanted)}", str(sorted(found)))


def _text(value: object) -> str:
    return json.dumps(value)
