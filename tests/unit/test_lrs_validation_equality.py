"""When an id that is sent again counts as the same statement, and when not."""

import copy
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.lrs.validation.equality import digest, equal, without_signatures

ANNA = {"mbox": "mailto:anna@example.com"}
BERT = {"account": {"homePage": "http://example.com", "name": "bert"}}
FULL: dict[str, Any] = {
    "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df0",
    "actor": {"objectType": "Group", "name": "Team", "member": [ANNA, BERT]},
    "verb": {"id": "http://example.com/did", "display": {"en": "did"}},
    "object": {
        "objectType": "SubStatement",
        "actor": {"mbox_sha1sum": "cd9b00a5611f94eaa7b1661edab976068e364975"},
        "verb": {"id": "http://example.com/planned"},
        "object": {"id": "http://example.com/course", "definition": {"name": {"en": "Course"}}},
    },
    "result": {"duration": "PT1.23S", "score": {"raw": 1, "scaled": 0.5}},
    "context": {
        "registration": "1e1ba8ea-0d64-4e01-9a11-1f34a5c6bb79",
        "contextActivities": {"parent": {"id": "http://example.com/parent"}},
        "contextAgents": [{"objectType": "contextAgent", "agent": ANNA}],
        "language": "en-US",
        "statement": {"objectType": "StatementRef", "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df1"},
        "extensions": {"http://example.com/x": [1, {"a": None}]},
    },
    "timestamp": "2015-11-18T12:00:00.123Z",
    "attachments": [
        {"usageType": "http://a.b/u", "display": {"en": "A"}, "contentType": "a/b", "length": 1, "sha2": "ab" * 32}
    ],
}  # fmt: skip


def _changed(path: str, value: object) -> Any:
    statement = copy.deepcopy(FULL)
    *steps, last = path.split("/")
    at: Any = statement
    for step in steps:
        at = at[int(step) if step.isdigit() else step]
    at[int(last) if last.isdigit() else last] = value
    return statement


SAME = [
    ("id", "1e1ba8ea-0d64-4e01-9a11-1f34a5c6bb79"),
    ("stored", "2026-11-22T05:16:35.123456Z"),
    ("authority", ANNA),
    ("version", "1.0.0"),
    ("verb/display", {"de": "tat"}),
    ("object/verb/display", {"de": "plante"}),
    ("object/object/definition", {"name": {"de": "Kurs"}}),
    ("object/object/objectType", "Activity"),
    ("object/actor/objectType", "Agent"),
    ("actor/member", [BERT, ANNA]),
    ("actor/member/0", {"mbox": "mailto:anna@EXAMPLE.com"}),
    ("object/actor/mbox_sha1sum", "CD9B00A5611F94EAA7B1661EDAB976068E364975"),
    ("timestamp", "2015-11-18T13:00:00.1234+01:00"),
    ("result/duration", "PT1.2399S"),
    ("result/score", {"raw": 1.0, "scaled": Decimal("0.50")}),
    ("context/registration", "1E1BA8EA-0D64-4E01-9A11-1F34A5C6BB79"),
    ("context/statement/id", "8F87CCDE-BB56-4C2E-AB83-44982EF22DF1"),
    ("context/contextActivities/parent", [{"id": "http://example.com/parent", "definition": {}}]),
    ("context/contextAgents/0/agent", {"objectType": "Agent", **ANNA}),
    ("context/language", "EN-us"),
    ("context/extensions", {"http://example.com/x": [1.0, {"a": None}]}),
    ("attachments/0/sha2", "AB" * 32),
]
OTHER = [
    ("actor/name", "Other"),
    ("actor/member", [ANNA]),
    ("actor/member/0", {"mbox": "mailto:Anna@example.com"}),
    ("verb/id", "http://example.com/DID"),
    ("object/object/id", "http://example.com/other"),
    ("object/verb/id", "http://example.com/did"),
    ("timestamp", "2015-11-18T12:00:00.124Z"),
    ("result/duration", "PT1.24S"),
    ("result/duration", "PT0M1.23S"),
    ("result/score/raw", 1.001),
    ("result/success", True),
    (
        "context/contextActivities/parent",
        [{"id": "http://example.com/parent"}, {"id": "http://example.com/b"}],
    ),
    ("context/extensions", {"http://example.com/x": [1, {"a": 0}]}),
    ("context/extensions", {"http://example.com/x": [{"a": None}, 1]}),
    ("context/extensions", {"http://example.com/x": [True, {"a": None}]}),
    ("context/language", "de"),
    ("attachments/0/length", 2),
    ("attachments/0/display", {"en": "B"}),
    ("attachments", []),
]


@pytest.mark.parametrize(("path", "value"), SAME)
def test_the_same_statement(path: str, value: object) -> None:
    assert digest(_changed(path, value)) == digest(FULL)
    assert equal(FULL, _changed(path, value))


@pytest.mark.parametrize(("path", "value"), OTHER)
def test_another_statement(path: str, value: object) -> None:
    assert digest(_changed(path, value)) != digest(FULL)
    assert not equal(FULL, _changed(path, value))


def test_a_timestamp_that_the_store_may_have_set_does_not_tell_statements_apart() -> None:
    sent = {name: item for name, item in FULL.items() if name != "timestamp"}
    assert equal(FULL, sent)
    assert equal(sent, FULL)
    assert digest(sent) != digest(FULL)


def test_signatures_are_left_out_before_comparing_with_what_was_signed() -> None:
    signature = {"usageType": "http://adlnet.gov/expapi/attachments/signature", "sha2": "cd" * 32}
    signed = {**FULL, "attachments": [*FULL["attachments"], signature]}
    assert without_signatures(signed) == FULL
    assert "attachments" not in without_signatures({"attachments": [signature]})
    assert signed["attachments"][1] == signature


@pytest.mark.parametrize(
    "number", [Decimal("1e999999999"), 10**4000, float("inf"), float("nan"), Decimal("NaN")]
)
def test_no_number_takes_long(number: object) -> None:
    statement = _changed("context/extensions", {"http://example.com/x": number})
    assert digest(statement) == digest(copy.deepcopy(statement))
