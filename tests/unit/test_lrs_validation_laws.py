"""Laws of validation: the valid has no fault, the damaged has one where the damage is, nothing makes it fail."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.lrs.validation import (
    MAX_FAULTS,
    validate_activity,
    validate_identified_actor,
    validate_statement,
    validate_statements,
)
from chalicelib.lrs.validation.equality import digest, equal
from chalicelib.lrs.versions import V1, V2, XapiVersion
from tests.doubles.lrs_damage import Damaged, damaged
from tests.doubles.lrs_statements import statements

_SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
_VERSIONS = st.sampled_from([V1, V2])
_KEYS = [
    "actor",
    "verb",
    "object",
    "id",
    "objectType",
    "member",
    "account",
    "definition",
    "context",
    "result",
]
_MORE_KEYS = [
    "score",
    "min",
    "max",
    "raw",
    "extensions",
    "display",
    "attachments",
    "interactionType",
    "choices",
]
_ODD_KEYS = ["contextActivities", "parent", "mbox", "authority", "timestamp", "usageType", "\ud800", "é", ""]
_ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.just("http://a.b/c"),
        st.sampled_from(["Agent", "Group", "SubStatement", "StatementRef", "\ud800", "mailto:a@b.c"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([*_KEYS, *_MORE_KEYS, *_ODD_KEYS]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)


@pytest.mark.parametrize("version", [V1, V2])
def test_a_valid_statement_has_no_fault(version: XapiVersion) -> None:
    @_SLOW
    @given(statements(version))
    def law(statement: Any) -> None:
        assert validate_statement(statement, version) == []
        assert validate_statement(json.loads(json.dumps(statement)), version) == []

    law()


@pytest.mark.parametrize("version", [V1, V2])
def test_damage_is_found_where_it_is(version: XapiVersion) -> None:
    @_SLOW
    @given(damaged(version))
    def law(found: Damaged) -> None:
        faults = validate_statement(found.statement, version)
        assert [fault for fault in faults if fault.path.startswith(found.path)], (found, faults)
        assert all(fault.rule and fault.requirement for fault in faults)

    law()


@_SLOW
@given(_ANY, _VERSIONS)
def test_nothing_makes_validation_fail(value: Any, version: XapiVersion) -> None:
    for faults in (
        validate_statement(value, version),
        validate_statements([value, value], version),
        validate_identified_actor(value, version),
        validate_activity(value, version),
    ):
        assert len(faults) <= MAX_FAULTS
        json.dumps([(fault.path, fault.rule) for fault in faults]).encode()


@_SLOW
@given(st.dictionaries(st.sampled_from(["actor", "object", "result", "context", "timestamp", "verb"]), _ANY))
def test_nothing_makes_comparison_fail(value: Any) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))
    assert equal(value, value)


@_SLOW
@given(statements(V2))
def test_a_statement_keeps_its_digest_whatever_an_lrs_may_do_to_it(statement: Any) -> None:
    changed = json.loads(json.dumps(statement, sort_keys=True))
    changed.update(
        id="1e1ba8ea-0d64-4e01-9a11-1f34a5c6bb79",
        stored="2026-01-01T00:00:00Z",
        version="2.0.0",
        authority={"mbox": "mailto:lrs@example.com"},
    )
    changed["verb"]["display"] = {"de": "anders"}
    assert digest(changed) == digest(statement)
    assert equal(
        {**changed, "timestamp": "2026-01-01T00:00:00Z"}, {**statement, "timestamp": "2026-01-01T01:00+01"}
    )


@_SLOW
@given(statements(V2))
def test_another_actor_or_verb_has_another_digest(statement: Any) -> None:
    assert digest({**statement, "verb": {"id": "http://example.com/other"}}) != digest(statement)
    assert digest({**statement, "actor": {"mbox": "mailto:someone@else.example"}}) != digest(statement)


def test_hostile_input_is_refused_soon() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"http://example.com/x": deep}
    wide = {f"key {index}": None for index in range(200_000)}
    hostile = [
        wide,
        {"actor": wide, "verb": wide, "object": wide},
        {"actor": {"objectType": "Group", "member": [{}] * 200_000}},
        {"context": {"extensions": {"http://example.com/x": deep}}},
        {"result": {"duration": "P" + "1" * 1_000_000, "score": {"min": 10**4000, "raw": 1.5}}},
        {"verb": {"id": "a" * 5_000_000, "display": {"a-" * 1_000_000: "x"}}},
        {"attachments": [{"contentType": "a/b" + " ;" * 500_000}]},
        {"actor": {"mbox": "mailto:" + "a." * 1_000_000}},
        {"timestamp": "2" * 1_000_000, "object": {"definition": {"interactionType": ["choice"]}}},
    ]
    for value in hostile:
        start = time.perf_counter()
        assert validate_statement(value, V2)
        assert time.perf_counter() - start < 1
