"""What 2.0 adds, and what the public list does not number (2.0: 4.1.6, 4.2.2.5, 4.2.7)."""

from email.utils import parsedate_to_datetime

from chalicelib.lrs.conformance.cases.document_parameters import LATER
from chalicelib.lrs.conformance.cases.documents import on_shelf
from chalicelib.lrs.conformance.cases.resources import RESOURCES, Shelf
from chalicelib.lrs.conformance.cases.rules import Rule, checks_of
from chalicelib.lrs.conformance.cases.values import NO_LIST, NO_OBJECT, Values
from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.samples import HOME
from chalicelib.lrs.conformance.times import moment
from chalicelib.lrs.versions import V1, V2

AGENT = {"objectType": "Agent", "mbox": "mailto:anna@example.org"}
GROUP = {"objectType": "Group", "mbox": "mailto:team@example.org"}
TYPES = [f"{HOME}/types/tutor"]
_NO_ACTOR: Values = (*NO_OBJECT, {"name": "Anna"}, {"mbox": "anna"})
_NO_TYPES: Values = ([], ["tutor"], [7], "tutor", {})


def _related(kind: str, name: str, good: object) -> tuple[Values, Values]:
    """What is refused and taken as contextAgents or contextGroups."""
    whole = {"objectType": kind, name: good, "relevantTypes": TYPES}
    bad: Values = (
        *NO_LIST,
        whole,
        [7],
        [{"objectType": kind}],
        [{name: good}],
        [{**whole, "objectType": kind.lower()}],
        [{**whole, "objectType": "Agent"}],
        *([{**whole, name: value}] for value in _NO_ACTOR),
        *([{**whole, "relevantTypes": value}] for value in _NO_TYPES),
        [{**whole, "colour": "blue"}],
    )
    return bad, ([whole], [{"objectType": kind, name: good}], [whole, {"objectType": kind, name: good}])


_AGENTS, _GROUPS = _related("contextAgent", "agent", AGENT), _related("contextGroup", "group", GROUP)
RULES = (
    Rule("LR-001", "context-agents", "context.contextAgents", *_AGENTS, versions=(V2,)),
    Rule("LR-002", "context-groups", "context.contextGroups", *_GROUPS, versions=(V2,)),
    Rule("LR-003", "context-agents", "context.contextAgents", _AGENTS[1][:1], versions=(V1,)),
    Rule("LR-003", "context-groups", "context.contextGroups", _GROUPS[1][:1], versions=(V1,)),
)
CHECKS = Checks(checks_of(RULES))


def last_modified_of_a_document(shelf: Shelf) -> None:
    """GET of a document says when it was modified."""
    place = shelf.place()
    shelf.put(place, {"a": 1})
    _modified(shelf.call("GET", place).expect(200))


for _resource in RESOURCES.values():
    CHECKS.that("LR-005")(on_shelf(last_modified_of_a_document, _resource))


def _modified(answer: Answer) -> None:
    text = answer.header("Last-Modified")
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        raise answer.failed("Last-Modified as a date of HTTP", text) from None
    answer.must(moment("2015-01-01T00:00:00Z") < found < moment(LATER), "the time when it was modified", text)


@CHECKS.that("LR-006")
def last_modified_of_a_statement(probe: Probe) -> None:
    """GET of a statement says in Last-Modified when it was stored."""
    statement = probe.statement()
    probe.record(statement)
    answer = probe.get("/statements", {"statementId": statement["id"]}).expect(200)
    _modified(answer)
    apart = moment(answer.json["stored"]) - parsedate_to_datetime(answer.header("Last-Modified"))
    answer.must(abs(apart.total_seconds()) <= 1, "Last-Modified as `stored`", answer.header("Last-Modified"))


@CHECKS.that("LR-007")
def an_unknown_activity(probe: Probe) -> None:
    """An Activity that is not known is shown with its id."""
    unknown = probe.iri("never-told")
    answer = probe.get("/activities", {"activityId": unknown}).expect(200)
    answer.must(answer.json.get("id") == unknown, f"an Activity with the id {unknown}")


@CHECKS.that("LR-008")
def one_id_twice_in_a_batch(probe: Probe) -> None:
    """A batch in which two statements have one id is refused."""
    probe.post([probe.statement(), probe.statement()]).refused("two statements have one id")
    probe.get("/statements", {"statementId": probe.uuid()}).expect(404, because="nothing was stored")


@CHECKS.that("LR-009")
def durations_keep_hundredths(probe: Probe) -> None:
    """A duration of more than two decimals is taken, and keeps its hundredths."""
    statement = probe.statement(result={"duration": "PT1H0M1.23678S"})
    answer = probe.record(statement)
    found = probe.stored(statement["id"])["result"]["duration"]
    answer.must(str(found).startswith("PT1H0M1.23"), "PT1H0M1.23, cut and not rounded", str(found))


@CHECKS.that("LR-010")
def two_ids_in_a_query(probe: Probe) -> None:
    """Two ids in one query are refused."""
    query = {"statementId": probe.uuid(), "voidedStatementId": probe.uuid()}
    probe.get("/statements", query).refused("statementId and voidedStatementId stand together")


@CHECKS.that("LR-011", versions=(V2,))
def timestamps_are_utc(probe: Probe) -> None:
    """2.0 shows timestamps in UTC."""
    statement = probe.statement(timestamp="2024-02-29T12:34:56.789+05:30")
    answer = probe.record(statement)
    found = probe.stored(statement["id"])["timestamp"]
    answer.must(moment(found) == moment(statement["timestamp"]), "the same moment", str(found))
    answer.must(str(found).endswith("Z"), "a timestamp in UTC, with Z", str(found))


@CHECKS.that("LR-012")
def timestamp_is_given(probe: Probe) -> None:
    """A statement without timestamp is given that of its storing."""
    statement = probe.statement(timestamp=None)
    answer = probe.record(statement)
    found = probe.stored(statement["id"])
    apart = moment(found.get("timestamp")) - moment(found.get("stored"))
    answer.must(
        abs(apart.total_seconds()) < 1, "the time of `stored` as timestamp", str(found.get("timestamp"))
    )
