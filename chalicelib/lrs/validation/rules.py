"""The rules of xAPI for statements and their parts, as tables; Data 2.2 to 2.4 of 1.0.3, 4.2 of 2.0 (IEEE 9274.1.1).

Whatever checks a value is compiled from these (`compiled`), and tests make their statements from them.
"""

from collections.abc import Mapping

from chalicelib.lrs.validation import data_types as types
from chalicelib.lrs.validation import relations
from chalicelib.lrs.validation.shapes import (
    Choice,
    Extensions,
    LanguageMap,
    ListOf,
    Object,
    Plain,
    Property,
    Versioned,
    Word,
)
from chalicelib.lrs.versions import V1, V2

STRING = Plain("string", types.is_string, "must be a string")
BOOLEAN = Plain("boolean", types.is_boolean, "must be true or false, not a string or a number")
NUMBER = Plain("number", types.is_number, "must be a number, not a string that holds one")
SCALED = Plain("scaled", types.is_scaled, "must be a number from -1 to 1")
LENGTH = Plain("length", types.is_length, "must be a whole number of octets, 0 or more")
UUID = Plain(
    "uuid", types.is_uuid, "must be a UUID in its standard form, as 8f87ccde-bb56-4c2e-ab83-44982ef22df0"
)
IRI = Plain("iri", types.is_iri, "must be an IRI with a scheme, as http://example.com/thing, without spaces")
MBOX = Plain("mbox", types.is_mbox, "must be mailto: and one e-mail address, as mailto:anna@example.com")
SHA1 = Plain("sha1", types.is_sha1, "must be a SHA-1 as 40 hexadecimal digits")
SHA2 = Plain("sha2", types.is_sha2, "must be a SHA-2 as hexadecimal digits (64 of them for SHA-256)")
MEDIA_TYPE = Plain("media type", types.is_media_type, "must be an Internet media type, as text/plain")
DURATION = Plain(
    "duration", types.is_duration, "must be an ISO 8601 duration, as PT4H35M59.14S; weeks stand alone, as P4W"
)
LANGUAGE = Plain("language", types.is_language_tag, "must be a language tag of RFC 5646, as en-US")
TIMESTAMP = Versioned(
    "timestamp",
    types.is_timestamp,
    {
        V1: "must be an ISO 8601 date and time, as 2026-11-22T05:16:35.123Z; an offset of minus zero is none",
        V2: "must be a date and time of RFC 3339, as 2026-11-22T05:16:35.123Z; an offset of minus zero is none",
    },
)
VERSION = Versioned(
    "version", types.is_version, {V1: "must be 1.0 or 1.0.x", V2: "must be 1.0, 1.0.x or 2.0.x"}
)
LANGUAGE_MAP = LanguageMap()
EXTENSIONS = Extensions()

ACCOUNT = Object(
    "account",
    {
        "homePage": Property(IRI, "XAPI-00042", required=True),
        "name": Property(STRING, "XAPI-00043", required=True),
    },
)
IDENTIFIERS: Mapping[str, Property] = {
    "mbox": Property(MBOX, "XAPI-00038"),
    "mbox_sha1sum": Property(SHA1, "XAPI-00039"),
    "openid": Property(IRI, "XAPI-00040"),
    "account": Property(ACCOUNT, "XAPI-00041"),
}
AGENT = Object(
    "Agent",
    {
        "objectType": Property(Word(("Agent",)), "XAPI-00032"),
        "name": Property(STRING, "XAPI-00033"),
        **IDENTIFIERS,
    },
    (relations.one_identifier,),
    repeated=True,
)
GROUP = Object(
    "Group",
    {
        "objectType": Property(Word(("Group",)), "XAPI-00037", required=True),
        "name": Property(STRING, "XAPI-00033"),
        "member": Property(ListOf(AGENT, "XAPI-00036"), "XAPI-00036"),
        **IDENTIFIERS,
    },
    (relations.members_or_identifier,),
)
IDENTIFIED_GROUP = Object("Group", GROUP.properties, (relations.group_with_identifier,))
AUTHORITY_GROUP = Object("Group", GROUP.properties, (relations.consumer_and_user,))
ACTOR = Choice({"Agent": AGENT, "Group": GROUP}, "Agent", "XAPI-00031")
IDENTIFIED_ACTOR = Choice({"Agent": AGENT, "Group": IDENTIFIED_GROUP}, "Agent", "XAPI-00031")
AUTHORITY = Choice({"Agent": AGENT, "Group": AUTHORITY_GROUP}, "Agent", "XAPI-00024")

VERB = Object(
    "verb",
    {
        "id": Property(IRI, "XAPI-00044", required=True),
        "display": Property(LANGUAGE_MAP, "XAPI-00045"),
    },
    repeated=True,
)

COMPONENT = Object(
    "interaction component",
    {
        "id": Property(STRING, "xAPI 1.0.3, Data 2.4.4.1", required=True),
        "description": Property(LANGUAGE_MAP, "xAPI 1.0.3, Data 2.4.4.1"),
    },
)
COMPONENTS = Property(ListOf(COMPONENT, "xAPI 1.0.3, Data 2.4.4.1"), "xAPI 1.0.3, Data 2.4.4.1")
DEFINITION = Object(
    "activity definition",
    {
        "name": Property(LANGUAGE_MAP, "XAPI-00056"),
        "description": Property(LANGUAGE_MAP, "XAPI-00059"),
        "type": Property(IRI, "XAPI-00060"),
        "moreInfo": Property(IRI, "XAPI-00061"),
        "interactionType": Property(Word(relations.INTERACTION_TYPES), "XAPI-00049"),
        "correctResponsesPattern": Property(
            ListOf(STRING, "xAPI 1.0.3, Data 2.4.4.1"), "xAPI 1.0.3, Data 2.4.4.1"
        ),
        **dict.fromkeys(relations.COMPONENT_LISTS, COMPONENTS),
        "extensions": Property(EXTENSIONS, "XAPI-00057"),
    },
    (relations.interaction, relations.distinct_components),
)
ACTIVITY = Object(
    "Activity",
    {
        "objectType": Property(Word(("Activity",)), "XAPI-00046"),
        "id": Property(IRI, "XAPI-00047", required=True),
        "definition": Property(DEFINITION, "XAPI-00048"),
    },
    (relations.no_actor,),
    repeated=True,
)
STATEMENT_REF = Object(
    "StatementRef",
    {
        "objectType": Property(Word(("StatementRef",)), "XAPI-00073", required=True),
        "id": Property(UUID, "XAPI-00072", required=True),
    },
)

SCORE = Object(
    "score",
    {
        "scaled": Property(SCALED, "XAPI-00083"),
        "raw": Property(NUMBER, "XAPI-00082"),
        "min": Property(NUMBER, "XAPI-00081"),
        "max": Property(NUMBER, "XAPI-00080"),
    },
    (relations.score_bounds,),
)
RESULT = Object(
    "result",
    {
        "score": Property(SCORE, "XAPI-00079"),
        "success": Property(BOOLEAN, "XAPI-00074"),
        "completion": Property(BOOLEAN, "XAPI-00075"),
        "response": Property(STRING, "XAPI-00076"),
        "duration": Property(DURATION, "XAPI-00077"),
        "extensions": Property(EXTENSIONS, "XAPI-00078"),
    },
)

ACTIVITIES = Property(ListOf(ACTIVITY, "XAPI-00094", single=True), "XAPI-00094")
CONTEXT_ACTIVITIES = Object(
    "contextActivities",
    dict.fromkeys(("parent", "grouping", "category", "other"), ACTIVITIES),
    unknown="XAPI-00093",
)
RELEVANT_TYPES = Property(ListOf(IRI, "xAPI 2.0, 4.2.2.5", at_least=1), "xAPI 2.0, 4.2.2.5")
CONTEXT_AGENT = Object(
    "contextAgent",
    {
        "objectType": Property(Word(("contextAgent",)), "xAPI 2.0, 4.2.2.5", required=True),
        "agent": Property(AGENT, "xAPI 2.0, 4.2.2.5", required=True),
        "relevantTypes": RELEVANT_TYPES,
    },
)
CONTEXT_GROUP = Object(
    "contextGroup",
    {
        "objectType": Property(Word(("contextGroup",)), "xAPI 2.0, 4.2.2.5", required=True),
        "group": Property(GROUP, "xAPI 2.0, 4.2.2.5", required=True),
        "relevantTypes": RELEVANT_TYPES,
    },
)
CONTEXT = Object(
    "context",
    {
        "registration": Property(UUID, "XAPI-00087-1"),
        "instructor": Property(Choice(ACTOR.objects, "Agent", "XAPI-00087-2"), "XAPI-00087-2"),
        "team": Property(Choice({"Group": GROUP}, None, "XAPI-00088"), "XAPI-00088"),
        "contextActivities": Property(CONTEXT_ACTIVITIES, "XAPI-00086"),
        "contextAgents": Property(
            ListOf(CONTEXT_AGENT, "xAPI 2.0, 4.2.2.5"), "xAPI 2.0, 4.2.2.5", versions=(V2,)
        ),
        "contextGroups": Property(
            ListOf(CONTEXT_GROUP, "xAPI 2.0, 4.2.2.5"), "xAPI 2.0, 4.2.2.5", versions=(V2,)
        ),
        "revision": Property(STRING, "XAPI-00089"),
        "platform": Property(STRING, "XAPI-00090"),
        "language": Property(LANGUAGE, "XAPI-00091"),
        "statement": Property(STATEMENT_REF, "XAPI-00092"),
        "extensions": Property(EXTENSIONS, "XAPI-00120"),
    },
)

ATTACHMENT = Object(
    "attachment",
    {
        "usageType": Property(IRI, "XAPI-00107", required=True),
        "display": Property(LANGUAGE_MAP, "XAPI-00106", required=True),
        "description": Property(LANGUAGE_MAP, "XAPI-00106"),
        "contentType": Property(MEDIA_TYPE, "XAPI-00105", required=True),
        "length": Property(LENGTH, "XAPI-00102", required=True),
        "sha2": Property(SHA2, "XAPI-00103", required=True),
        "fileUrl": Property(IRI, "XAPI-00104"),
    },
    (relations.signature_type,),
)

_OBJECTS: Mapping[str, Object] = {
    "Activity": ACTIVITY,
    "Agent": AGENT,
    "Group": GROUP,
    "StatementRef": STATEMENT_REF,
}
_PARTS: Mapping[str, Property] = {
    "actor": Property(ACTOR, "XAPI-00003", required=True),
    "verb": Property(VERB, "XAPI-00004", required=True),
    "result": Property(RESULT, "XAPI-00006"),
    "context": Property(CONTEXT, "XAPI-00006"),
    "timestamp": Property(TIMESTAMP, "XAPI-00022"),
    "attachments": Property(ListOf(ATTACHMENT, "XAPI-00025"), "XAPI-00025"),
}
_RELATIONS = (relations.voiding, relations.only_of_activities)
SUB_STATEMENT = Object(
    "SubStatement",
    {
        **_PARTS,
        "objectType": Property(Word(("SubStatement",)), "XAPI-00066", required=True),
        "object": Property(Choice(_OBJECTS, "Activity", "XAPI-00071"), "XAPI-00005", required=True),
    },
    _RELATIONS,
    never={"id": "XAPI-00070", "stored": "XAPI-00069", "version": "XAPI-00068", "authority": "XAPI-00067"},
)
STATEMENT = Object(
    "statement",
    {
        **_PARTS,
        "id": Property(UUID, "XAPI-00027"),
        "object": Property(
            Choice({**_OBJECTS, "SubStatement": SUB_STATEMENT}, "Activity", "XAPI-00046"),
            "XAPI-00005",
            required=True,
        ),
        "stored": Property(TIMESTAMP, "XAPI-00022"),
        "authority": Property(AUTHORITY, "XAPI-00024"),
        "version": Property(VERSION, "XAPI-00101"),
    },
    _RELATIONS,
)
