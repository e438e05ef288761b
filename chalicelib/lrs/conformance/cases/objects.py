"""Verbs, Activities, SubStatements and StatementRefs (Data 2.4.3, 2.4.4; 2.0: 4.2.2.2, 4.2.2.3)."""

from typing import Any

from chalicelib.lrs.conformance.cases.rules import Rule, checks_of
from chalicelib.lrs.conformance.cases.values import (
    EXTENSIONS,
    NO_IRI,
    NO_LANGUAGE_MAP,
    NO_LIST,
    NO_OBJECT,
    NO_TEXT,
    NO_UUID,
    UUID,
)
from chalicelib.lrs.conformance.samples import ABSENT, HOME

ACTIVITY = {"objectType": "Activity", "id": f"{HOME}/course"}
REFERENCE = {"objectType": "StatementRef", "id": UUID}
SUB_STATEMENT = {
    "objectType": "SubStatement",
    "actor": {"mbox": "mailto:anna@example.org"},
    "verb": {"id": f"{HOME}/verbs/planned"},
    "object": ACTIVITY,
}
NAME = {"en-US": "A name", "de": "Ein Name"}
INTERACTIONS = (
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
)
LISTS = {
    "choices": "choice",
    "scale": "likert",
    "source": "matching",
    "target": "matching",
    "steps": "performance",
}


def interaction(kind: str, **properties: Any) -> dict[str, Any]:
    """The definition of an activity that is an interaction."""
    return {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "interactionType": kind,
        **properties,
    }


def components(number: str, name: str) -> Rule:
    """The rule on one of the lists of components."""
    kind = LISTS[name]
    return Rule(
        f"XAPI-{number}",
        name,
        "object.definition",
        tuple(
            interaction(kind, **{name: value})
            for value in (*NO_LIST, ["a"], [7], [{"description": NAME}], [{"id": 7}])
        ),
        (
            interaction(kind, **{name: [{"id": "a", "description": NAME}, {"id": "b"}]}),
            interaction(kind, **{name: []}),
        ),
    )


def sub(**changes: Any) -> dict[str, Any]:
    """A SubStatement with other properties."""
    made = {**SUB_STATEMENT, **changes}
    return {name: value for name, value in made.items() if value is not ABSENT}


VERBS = (
    Rule("XAPI-00004", "verb", "verb", (ABSENT, *NO_OBJECT)),
    Rule("XAPI-00044", "verb-id", "verb.id", (ABSENT, *NO_IRI), ("urn:example:tested", f"{HOME}/prüfte")),
    Rule("XAPI-00045", "verb-display", "verb.display", NO_LANGUAGE_MAP, (NAME, {}, ABSENT)),
)
OBJECTS = (
    Rule("XAPI-00005", "object", "object", (ABSENT, *NO_OBJECT)),
    Rule(
        "XAPI-00046",
        "object-type",
        "object",
        tuple({**ACTIVITY, "objectType": kind} for kind in ("Course", "Statement", "activity", "", 7)),
        (ACTIVITY, {"id": ACTIVITY["id"]}, REFERENCE),
    ),
    Rule("XAPI-00046", "sub-statement", "object", (), (SUB_STATEMENT,), outer=True),
    Rule(
        "XAPI-00047", "activity-id", "object.id", (ABSENT, *NO_IRI), ("urn:example:course", f"{HOME}/übung")
    ),
    Rule("XAPI-00048", "definition", "object.definition", NO_OBJECT, ({}, ABSENT)),
    Rule(
        "XAPI-00049",
        "interaction-type",
        "object.definition",
        tuple(interaction(kind) for kind in ("essay", "", "True-False", "choices")),
        tuple(interaction(kind) for kind in INTERACTIONS),
    ),
    Rule("XAPI-00049", "interaction-type-is-text", "object.definition.interactionType", NO_TEXT, ("other",)),
    Rule(
        "XAPI-00050",
        "correct-responses",
        "object.definition",
        tuple(interaction("fill-in", correctResponsesPattern=value) for value in (*NO_LIST, [7], [["a"]])),
        tuple(interaction("fill-in", correctResponsesPattern=value) for value in (["a", "b"], [], ["a[,]b"])),
    ),
    components("00051", "steps"),
    components("00052", "target"),
    components("00053", "source"),
    components("00054", "scale"),
    components("00055", "choices"),
    Rule("XAPI-00056", "activity-name", "object.definition.name", NO_LANGUAGE_MAP, (NAME,)),
    Rule("XAPI-00057", "activity-extensions", "object.definition.extensions", NO_OBJECT, EXTENSIONS),
    Rule(
        "XAPI-00058",
        "component-id-once",
        "object.definition",
        tuple(interaction(kind, **{name: [{"id": "a"}, {"id": "a"}]}) for name, kind in LISTS.items()),
        (interaction("matching", source=[{"id": "a"}], target=[{"id": "a"}]),),
    ),
    Rule("XAPI-00059", "activity-description", "object.definition.description", NO_LANGUAGE_MAP, (NAME,)),
    Rule("XAPI-00060", "activity-type", "object.definition.type", NO_IRI, (f"{HOME}/types/course",)),
    Rule("XAPI-00061", "more-info", "object.definition.moreInfo", NO_IRI, (f"{HOME}/more",)),
    Rule(
        "XAPI-00058",
        "component-id",
        "object.definition",
        tuple(
            interaction(kind, **{name: [component]})
            for name, kind in LISTS.items()
            for component in ({"description": NAME}, {"id": 7})
        ),
        tuple(interaction(kind, **{name: [{"id": "a"}]}) for name, kind in LISTS.items()),
    ),
    Rule(
        "XAPI-00062",
        "component-description",
        "object.definition",
        tuple(
            interaction("choice", choices=[{"id": "a", "description": value}]) for value in NO_LANGUAGE_MAP
        ),
        tuple(
            interaction(kind, **{name: [{"id": "a", "description": NAME}]}) for name, kind in LISTS.items()
        ),
    ),
    Rule(
        "XAPI-00063",
        "component-is-an-object",
        "object.definition",
        tuple(
            interaction(kind, **{name: [value]}) for name, kind in LISTS.items() for value in ("a", 7, ["a"])
        ),
        tuple(interaction(kind, **{name: [{"id": "a"}, {"id": "b"}]}) for name, kind in LISTS.items()),
    ),
    Rule(
        "XAPI-00064",
        "interaction-type-needed",
        "object.definition",
        (
            {"correctResponsesPattern": ["a"]},
            *({name: [{"id": "a"}]} for name in LISTS),
        ),
        (interaction("choice", choices=[{"id": "a"}], correctResponsesPattern=["a"]),),
    ),
)
SUB_STATEMENTS = (
    Rule(
        "XAPI-00066",
        "as-statements",
        "object",
        (
            sub(actor=ABSENT),
            sub(verb=ABSENT),
            sub(object=ABSENT),
            sub(actor={"name": "Anna"}),
            sub(verb={"id": "planned"}),
            sub(timestamp="tomorrow"),
            sub(result={"success": "yes"}),
            sub(context={"registration": "7"}),
            sub(colour="blue"),
        ),
        (
            SUB_STATEMENT,
            sub(object=REFERENCE),
            sub(object={"objectType": "Agent", "mbox": "mailto:b@example.org"}),
        ),
        outer=True,
    ),
    Rule(
        "XAPI-00067",
        "no-authority",
        "object",
        (sub(authority={"mbox": "mailto:anna@example.org"}),),
        (SUB_STATEMENT,),
        outer=True,
    ),
    Rule("XAPI-00068", "no-version", "object", (sub(version="1.0.0"),), (SUB_STATEMENT,), outer=True),
    Rule(
        "XAPI-00069",
        "no-stored",
        "object",
        (sub(stored="2024-02-29T12:34:56Z"),),
        (SUB_STATEMENT,),
        outer=True,
    ),
    Rule("XAPI-00070", "no-id", "object", (sub(id=UUID),), (SUB_STATEMENT,), outer=True),
    Rule(
        "XAPI-00071", "no-sub-statement", "object", (sub(object=SUB_STATEMENT),), (SUB_STATEMENT,), outer=True
    ),
    Rule(
        "XAPI-00072",
        "reference-id",
        "object",
        ({"objectType": "StatementRef"}, *({"objectType": "StatementRef", "id": value} for value in NO_UUID)),
        (REFERENCE,),
    ),
    Rule(
        "XAPI-00073",
        "reference-type",
        "object",
        (
            *(
                {"objectType": kind, "id": UUID}
                for kind in ("statementRef", "StatementReference", "Statement")
            ),
            {"id": UUID},
            sub(objectType=ABSENT),
        ),
        (REFERENCE,),
    ),
)
CHECKS = checks_of((*VERBS, *OBJECTS, *SUB_STATEMENTS))
