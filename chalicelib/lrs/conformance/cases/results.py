"""Results and contexts (Data 2.4.5, 2.4.6; 2.0: 4.2.2.4, 4.2.2.5)."""

from typing import Any

from chalicelib.lrs.conformance.cases.rules import Rule, checks_of
from chalicelib.lrs.conformance.cases.values import (
    DURATIONS,
    EXTENSIONS,
    NO_BOOLEAN,
    NO_DURATION,
    NO_NUMBER,
    NO_OBJECT,
    NO_TEXT,
    NO_UUID,
    UUID,
    Values,
)
from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.samples import HOME, changed

MBOX = "mailto:teacher@example.org"
AGENT = {"objectType": "Agent", "mbox": MBOX}
GROUP = {"objectType": "Group", "mbox": "mailto:team@example.org"}
ANONYMOUS = {"objectType": "Group", "member": [AGENT]}
ACTIVITY = {"objectType": "Activity", "id": f"{HOME}/course"}
REFERENCE = {"objectType": "StatementRef", "id": UUID}
NO_ACTIVITY: Values = ("text", 7, [7], [AGENT], [{"id": "course"}], [{}], [REFERENCE])
KEYS = ("parent", "grouping", "category", "other")
WITH_ACTIVITY_ONLY: tuple[dict[str, Any], ...] = (
    {"object": AGENT},
    {"object": GROUP},
    {"object": REFERENCE},
    {
        "object": {
            "objectType": "SubStatement",
            "actor": AGENT,
            "verb": {"id": f"{HOME}/v"},
            "object": ACTIVITY,
        }
    },
)

RESULTS = (
    Rule("XAPI-00074", "success", "result.success", NO_BOOLEAN, (True, False)),
    Rule("XAPI-00075", "completion", "result.completion", NO_BOOLEAN, (True, False)),
    Rule("XAPI-00076", "response", "result.response", NO_TEXT, ("yes", "")),
    Rule("XAPI-00077", "duration", "result.duration", NO_DURATION, DURATIONS),
    Rule("XAPI-00078", "result-extensions", "result.extensions", NO_OBJECT, EXTENSIONS),
    Rule("XAPI-00079", "score", "result.score", NO_OBJECT, ({}, {"raw": 5})),
    Rule("XAPI-00080", "max", "result.score.max", (*NO_NUMBER, 0, -1, 4), (10, 5, 99.5)),
    Rule("XAPI-00081", "min", "result.score.min", (*NO_NUMBER, 10, 11, 6), (0, 5, -99.5)),
    Rule("XAPI-00082", "raw", "result.score.raw", (*NO_NUMBER, -1, 11, 10.5), (0, 10, 7.25)),
    Rule("XAPI-00083", "scaled", "result.score.scaled", (*NO_NUMBER, 1.01, -1.01, 50), (1, -1, 0, 0.999)),
)
CONTEXTS = (
    Rule(
        "XAPI-00086",
        "context-activities",
        "context.contextActivities",
        NO_OBJECT,
        ({}, {"other": [ACTIVITY]}),
    ),
    Rule("XAPI-00087", "registration", "context.registration", (*NO_UUID, 7, [UUID]), (UUID,)),
    Rule(
        "XAPI-00087",
        "instructor",
        "context.instructor",
        (*NO_OBJECT, {"name": "A teacher"}, {"objectType": "Person", "mbox": MBOX}, {"mbox": "teacher"}),
        (AGENT, GROUP),
    ),
    Rule(
        "XAPI-00088",
        "team",
        "context.team",
        (*NO_OBJECT, AGENT, {"mbox": MBOX}, {"objectType": "Group", "name": "A team"}),
        (GROUP, ANONYMOUS),
    ),
    Rule("XAPI-00089", "revision", "context.revision", NO_TEXT, ("7", "")),
    Rule("XAPI-00090", "platform", "context.platform", NO_TEXT, ("test", "")),
    Rule(
        "XAPI-00091", "language", "context.language", (*NO_TEXT, "", "en_US"), ("en", "de-AT", "zh-Hant-TW")
    ),
    Rule(
        "XAPI-00092",
        "statement",
        "context.statement",
        (
            *NO_OBJECT,
            {"id": UUID},
            {"objectType": "StatementRef"},
            {"objectType": "StatementRef", "id": "7"},
            ACTIVITY,
        ),
        (REFERENCE,),
    ),
    Rule(
        "XAPI-00093",
        "context-activities-keys",
        "context.contextActivities",
        tuple({key: [ACTIVITY]} for key in ("parents", "Parent", "context", "")),
        tuple({key: [ACTIVITY]} for key in KEYS),
    ),
    Rule(
        "XAPI-00094",
        "context-activities-values",
        "context.contextActivities",
        tuple({"parent": value} for value in NO_ACTIVITY),
        (*({key: [ACTIVITY, {"id": f"{HOME}/other"}]} for key in KEYS), *({key: ACTIVITY} for key in KEYS)),
    ),
)
CHECKS = Checks(checks_of((*RESULTS, *CONTEXTS)))


def _only_with_activity(probe: Probe, name: str) -> None:
    """`name` of a context is refused beside any object but an Activity, and taken beside that."""
    for number, change in enumerate(WITH_ACTIVITY_ONLY):
        statement = probe.statement(number, context=probe.context(**{name: "7"}), **change)
        probe.post(statement).refused(f"{name} stands beside an object that is no Activity")
    probe.record(probe.statement("good", context=probe.context(**{name: "7"})))


@CHECKS.that("XAPI-00084")
def revision_with_activity(probe: Probe) -> None:
    """A revision goes with an Activity only."""
    _only_with_activity(probe, "revision")


@CHECKS.that("XAPI-00085")
def platform_with_activity(probe: Probe) -> None:
    """A platform goes with an Activity only."""
    _only_with_activity(probe, "platform")


@CHECKS.that("XAPI-00096")
def single_activity_comes_back_in_a_list(probe: Probe) -> None:
    """A contextActivity that was sent alone is in a list when it is read."""
    statement = changed(probe.rich(), "context.contextActivities", dict.fromkeys(KEYS, ACTIVITY))
    answer = probe.record(statement)
    found = probe.stored(statement["id"])["context"].get("contextActivities", {})
    for key in KEYS:
        held = found.get(key)
        answer.must(
            isinstance(held, list) and [each.get("id") for each in held] == [ACTIVITY["id"]],
            f"context.contextActivities.{key} as a list with the one activity",
            str(held),
        )
