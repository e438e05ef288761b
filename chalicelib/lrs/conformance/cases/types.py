"""Data types, and what holds for every statement (Data 2.2, 2.4.1, 2.4.7 to 2.4.11, 4; 2.0: 4.2.4, 4.2.7)."""

from typing import Any

from chalicelib.lrs.conformance.cases.rules import Rule, checks_of
from chalicelib.lrs.conformance.cases.values import (
    DURATIONS,
    EXTENSIONS,
    NO_DURATION,
    NO_IRI,
    NO_LANGUAGE_MAP,
    NO_LIST,
    NO_OBJECT,
    NO_TEXT,
    NO_TIMESTAMP,
    NO_UUID,
    Values,
)
from chalicelib.lrs.conformance.samples import ABSENT, HOME, attachment
from chalicelib.lrs.versions import V1, V2

FILE = f"{HOME}/files/sample.txt"
NULL_PLACES = (
    "actor",
    "actor.name",
    "actor.account.name",
    "verb",
    "verb.display",
    "verb.display.en-US",
    "object",
    "object.id",
    "object.definition",
    "object.definition.name",
    "object.definition.type",
    "result",
    "result.success",
    "result.score",
    "result.score.raw",
    "result.duration",
    "context",
    "context.registration",
    "context.instructor",
    "context.contextActivities",
    "context.contextActivities.parent",
    "context.language",
    "timestamp",
    "attachments",
    "attachments.0.length",
)
WRONG_TYPES: tuple[tuple[str, Values], ...] = (
    ("result.score.raw", ("5",)),
    ("result.success", ("true",)),
    ("attachments.0.length", ("31",)),
    ("timestamp", (1709210096,)),
    ("verb", ("tested",)),
    ("context", ([],)),
    ("object.definition.name.en-US", (7,)),
)
WRONG_FORMATS: tuple[tuple[str, Values], ...] = (
    ("id", ("", "7")),
    ("verb.id", ("", "tested")),
    ("object.id", ("", "course")),
    ("object.definition.type", ("", "course")),
    ("context.registration", ("", "7")),
    ("result.duration", ("", "an hour")),
    ("timestamp", ("", "today")),
    ("attachments.0.usageType", ("", "sample")),
)
WRONG_KEYS: tuple[tuple[str, Any], ...] = (
    ("Actor", {"mbox": "mailto:anna@example.org"}),
    ("actor.Name", "Anna"),
    ("verb.Display", {"en-US": "tested"}),
    ("object.Definition", {}),
    ("object.definition.moreinfo", HOME),
    ("result.Success", True),
    ("result.score.Raw", 5),
    ("context.Registration", "7ccd3322-e1a5-411a-a67d-6a735c76f119"),
    ("context.contextactivities", {}),
    ("timeStamp", "2024-02-29T12:34:56Z"),
    ("attachments.0.fileURL", FILE),
)
UNKNOWN_KEYS: tuple[tuple[str, Any], ...] = (
    ("colour", "blue"),
    ("actor.colour", "blue"),
    ("actor.account.colour", "blue"),
    ("verb.colour", "blue"),
    ("object.colour", "blue"),
    ("object.definition.colour", "blue"),
    ("result.colour", "blue"),
    ("result.score.colour", 5),
    ("context.colour", "blue"),
    ("attachments.0.colour", "blue"),
)
WRONG_WORDS: tuple[tuple[str, Values], ...] = (
    ("actor.objectType", ("agent", "AGENT")),
    ("object.objectType", ("activity",)),
    ("context.team.objectType", ("group",)),
    ("context.statement.objectType", ("statementref",)),
    ("object.definition.interactionType", ("Choice", "TRUE-FALSE")),
)
NO_TAG = ("en_US", "", "english language", "zh-z-aaa-z-bbb-c-ccc", "12-34-56-78-", "-en")
UUID_PLACES = ("id", "context.registration", "context.statement.id")
IRI_PLACES = (
    "verb.id",
    "object.id",
    "object.definition.type",
    "object.definition.moreInfo",
    "attachments.0.fileUrl",
)


def named(path: str) -> str:
    """A path as part of the id of a check."""
    return path.replace(".", "-")


def unique(requirement: str, values: tuple[tuple[str, Any], ...]) -> tuple[Rule, ...]:
    """A rule for each path with one value."""
    return tuple(Rule(requirement, named(path), path, (value,)) for path, value in values)


GENERAL = (
    *(Rule("XAPI-00001", named(path), path, (None,)) for path in NULL_PLACES),
    Rule("XAPI-00001", "extensions", "result.extensions", (), ({f"{HOME}/extension": None},)),
    *(Rule("XAPI-00006", named(path), path, values) for path, values in WRONG_TYPES),
    *(Rule("XAPI-00007", named(path), path, values) for path, values in WRONG_FORMATS),
    *unique("XAPI-00008", WRONG_KEYS),
    *(Rule("XAPI-00009", named(path), path, values) for path, values in WRONG_WORDS),
    *unique("XAPI-00010", UNKNOWN_KEYS),
    *(
        Rule("XAPI-00011", named(path), path, ("course", "example.org/course", "/course"))
        for path in IRI_PLACES
    ),
    Rule("XAPI-00013", "verb", "verb.display", tuple({tag: "text"} for tag in NO_TAG), ({"en": "text"},)),
    Rule("XAPI-00013", "language", "context.language", NO_TAG[:4]),
)
IDS = (
    Rule("XAPI-00027", "id", "id", NO_UUID),
    Rule("XAPI-00028", "id", "id", (7, True, ["7ccd3322-e1a5-411a-a67d-6a735c76f119"], {})),
    *(Rule("XAPI-00029", named(path), path, NO_UUID[1:3]) for path in UUID_PLACES),
    *(Rule("XAPI-00030", named(path), path, (NO_UUID[0], NO_UUID[3])) for path in UUID_PLACES),
)
TIMES = (
    Rule("XAPI-00022", "timestamp", "timestamp", NO_TIMESTAMP, ("2024-02-29T12:34:56Z", ABSENT)),
    Rule("XAPI-00023", "stored", "stored", NO_TIMESTAMP, ("2024-02-29T12:34:56Z",)),
    Rule(
        "XAPI-00123",
        "forms",
        "timestamp",
        (
            "29.02.2024 12:34",
            "2024/02/29",
            "12:34:56",
            "2024-02-29T12:34:56-00:00",
            "2024-02-29T12:34:56+25:00",
        ),
        (
            "2024-02-29T12:34:56.789Z",
            "2024-02-29T12:34:56.123456789Z",
            "2024-02-29T12:34:56+02:00",
            "2024-02-29T12:34:56.5-09:30",
        ),
    ),
    Rule(
        "XAPI-00124",
        "forms",
        "result.duration",
        (*NO_DURATION, "P4W1D", "PT1.5H30M", "P-1D", "PT1S1M"),
        DURATIONS,
    ),
)
LANGUAGES = tuple(
    Rule("XAPI-00121", named(path), path, (*NO_LANGUAGE_MAP, *({tag: "text"} for tag in NO_TAG)), (good,))
    for path, good in (
        ("verb.display", {"en-US": "text", "de": "Text", "zh-Hant": "文字"}),
        ("object.definition.name", {"en-US": "text", "sr-Latn-RS": "tekst"}),
        ("object.definition.description", {"fr-CA": "texte"}),
        ("attachments.0.display", {"es-419": "texto"}),
    )
)
EXTENSION = (
    Rule(
        "XAPI-00118",
        "keys",
        "result.extensions",
        tuple({key: "value"} for key in ("extension", "", "/extension")),
        EXTENSIONS,
    ),
    Rule("XAPI-00118", "context-keys", "context.extensions", ({"extension": "value"},), EXTENSIONS),
    Rule(
        "XAPI-00118", "activity-keys", "object.definition.extensions", ({"extension": "value"},), EXTENSIONS
    ),
    Rule("XAPI-00120", "result", "result.extensions", NO_OBJECT, ({}, *EXTENSIONS)),
    Rule("XAPI-00120", "context", "context.extensions", NO_OBJECT, ({}, *EXTENSIONS)),
    Rule("XAPI-00120", "activity", "object.definition.extensions", NO_OBJECT, ({}, *EXTENSIONS)),
)
VERSIONS = (
    Rule(
        "XAPI-00101",
        "version",
        "version",
        ("0.9.5", "1.1.0", "3.0.0", "1", "", "1.0.x", 1.0, True),
        ("1.0.0", "1.0.3", "1.0.9"),
        versions=(V1,),
    ),
    Rule(
        "XAPI-00101",
        "version-2",
        "version",
        ("0.9.5", "1.1.0", "3.0.0", "2", "", 2.0, True),
        ("2.0.0",),
        versions=(V2,),
    ),
)
ATTACHMENTS = (
    Rule(
        "XAPI-00025",
        "attachments",
        "attachments",
        (*NO_LIST, attachment(fileUrl=FILE), [7], ["file"], [{}]),
        ([attachment(fileUrl=FILE)], []),
    ),
    Rule("XAPI-00102", "length", "attachments.0.length", (ABSENT, "31", 31.5, True, [31]), (31, 0)),
    Rule("XAPI-00103", "sha2", "attachments.0.sha2", (ABSENT, *NO_TEXT, ""), (attachment()["sha2"],)),
    Rule("XAPI-00104", "file-url", "attachments.0.fileUrl", NO_IRI, (FILE,)),
    Rule("XAPI-00105", "content-type", "attachments.0.contentType", (ABSENT, *NO_TEXT), ("text/plain",)),
    Rule("XAPI-00106", "display", "attachments.0.display", (ABSENT, *NO_LANGUAGE_MAP), ({"en": "A file"},)),
    Rule("XAPI-00106", "description", "attachments.0.description", NO_LANGUAGE_MAP, ({"en": "A file"},)),
    Rule("XAPI-00107", "usage-type", "attachments.0.usageType", (ABSENT, *NO_IRI), (f"{HOME}/usage",)),
)
AUTHORITIES = (
    Rule(
        "XAPI-00024",
        "authority",
        "authority",
        (*NO_OBJECT, {"name": "Anna"}, {"objectType": "Activity", "id": HOME}, {"mbox": "anna"}),
    ),
    Rule(
        "XAPI-00098",
        "two-members",
        "authority",
        tuple(
            {"objectType": "Group", "member": members}
            for members in (
                [{"mbox": "mailto:a@example.org"}],
                [{"mbox": f"mailto:{name}@example.org"} for name in "abc"],
                [
                    {"account": {"homePage": HOME, "name": "consumer"}},
                    {"mbox": "mailto:a@example.org"},
                    {"mbox": "mailto:b@example.org"},
                ],
            )
        ),
    ),
    Rule(
        "XAPI-00100",
        "no-oauth",
        "authority",
        (
            {"objectType": "Group", "member": [{"mbox": f"mailto:{name}@example.org"} for name in "abc"]},
            {
                "objectType": "Group",
                "member": [{"mbox": "mailto:a@example.org"}, {"mbox": "mailto:b@example.org"}],
            },
        ),
    ),
)
CHECKS = checks_of(
    (
        *GENERAL,
        *IDS,
        *TIMES,
        *LANGUAGES,
        *EXTENSION,
        *VERSIONS,
        *ATTACHMENTS,
        *AUTHORITIES,
    )
)
