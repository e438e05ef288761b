"""Pseudonyms: the same agent has the same, nothing of it is left, and all else stays as it was."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.pseudonyms.identities import Pseudonyms, pseudonyms_of
from chalicelib.lrs.pseudonyms.replacing import pseudonymized, signatures_of
from chalicelib.lrs.statements.parts import parts
from chalicelib.lrs.validation import validate_statement
from chalicelib.lrs.validation.equality import SIGNATURE_USAGE
from chalicelib.lrs.versions import V1, V2, XapiVersion
from tests.doubles.access_store import InMemoryAccess
from tests.doubles.lrs_statements import statements

HOME = "https://pseudonyms.example.com"
KEY = b"k" * 32
OWN = Pseudonyms(KEY, HOME)
ANNA = {"mbox": "mailto:anna@example.com", "name": "Anna"}
BEN = {"account": {"homePage": "https://lms.example.com", "name": "ben"}, "name": "Ben"}
VERB = {"id": "http://example.com/verbs/read"}
ACTIVITY = {"id": "http://example.com/book"}


def name_of(key: str) -> str:
    return hmac.new(KEY, key.encode(), hashlib.sha256).hexdigest()


def account(key: str) -> dict[str, Any]:
    return {"account": {"homePage": HOME, "name": name_of(key)}}


A, B = account("mbox:mailto:anna@example.com"), account("account:23:https://lms.example.com|ben")


def test_the_name_is_an_hmac_of_the_id_and_nothing_else_is_left() -> None:
    assert OWN.agent({"objectType": "Agent", **ANNA}) == {"objectType": "Agent", **A}
    assert OWN.agent(BEN) == B


def test_another_key_gives_another_pseudonym() -> None:
    assert Pseudonyms(b"l" * 32, HOME).agent(ANNA) != OWN.agent(ANNA)


def test_members_of_groups_get_theirs_too() -> None:
    group = {"objectType": "Group", "name": "Team", "member": [ANNA, BEN]}
    assert OWN.agent(group) == {"objectType": "Group", "member": [A, B]}
    named = OWN.agent({**group, "openid": "https://team.example.com"})
    assert named == {
        "objectType": "Group",
        **account("openid:https://team.example.com"),
        "member": [A, B],
    }


def test_every_place_of_a_statement_but_the_authority_is_replaced() -> None:
    context = {
        "instructor": ANNA,
        "team": {"objectType": "Group", **BEN},
        "contextAgents": [{"objectType": "contextAgent", "agent": ANNA, "relevantTypes": ["http://e.com/t"]}],
        "contextGroups": [{"objectType": "contextGroup", "group": {"objectType": "Group", "member": [BEN]}}],
        "platform": "web",
    }
    inner = {
        "objectType": "SubStatement",
        "actor": BEN,
        "verb": VERB,
        "object": {"objectType": "Agent", **ANNA},
    }
    statement = {"actor": ANNA, "verb": VERB, "object": {**inner, "context": context}, "context": context}
    statement["authority"] = BEN
    replaced = {
        "instructor": A,
        "team": {"objectType": "Group", **B},
        "contextAgents": [{"objectType": "contextAgent", "agent": A, "relevantTypes": ["http://e.com/t"]}],
        "contextGroups": [{"objectType": "contextGroup", "group": {"objectType": "Group", "member": [B]}}],
        "platform": "web",
    }
    assert pseudonymized(statement, OWN) == {
        "actor": A,
        "verb": VERB,
        "object": {**inner, "actor": B, "object": {"objectType": "Agent", **A}, "context": replaced},
        "context": replaced,
        "authority": BEN,
    }


def test_signatures_go_and_other_attachments_stay() -> None:
    signature = {"usageType": SIGNATURE_USAGE, "sha2": "AA", "length": 1}
    other = {"usageType": "http://example.com/usage", "sha2": "bb", "length": 1}
    statement = {"actor": ANNA, "verb": VERB, "object": ACTIVITY, "attachments": [signature, other]}
    assert pseudonymized(statement, OWN)["attachments"] == [other]
    assert signatures_of(statement) == ["aa"]
    assert "attachments" not in pseudonymized({**statement, "attachments": [signature]}, OWN)


def test_bytes_that_are_another_attachment_too_are_kept() -> None:
    signature = {"usageType": SIGNATURE_USAGE, "sha2": "aa"}
    other = {"usageType": "http://example.com/usage", "sha2": "AA"}
    assert signatures_of({"attachments": [signature, other]}) == []


@pytest.mark.parametrize(
    "value",
    [
        {"actor": "anna"},
        {"actor": {"mbox": 7, "name": "Anna"}, "context": "none", "attachments": "none"},
        {"actor": {"account": {"name": "anna"}}, "context": {"contextAgents": [7, {"agent": 8}]}},
        {"actor": {"objectType": "Group", "member": "anna"}, "object": {"mbox": "mailto:anna@example.com"}},
    ],
)
def test_what_was_not_checked_keeps_no_agent_either(value: dict[str, Any]) -> None:
    made = pseudonymized(value, OWN)
    if isinstance(value["actor"], dict):
        assert "anna" not in json.dumps(made).lower()


@pytest.mark.parametrize("version", [V1, V2])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_valid_statements_stay_valid_and_done_twice_is_done_once(version: XapiVersion, data: Any) -> None:
    statement = data.draw(statements(version))
    made = pseudonymized(statement, OWN)
    assert validate_statement(made, version) == []
    assert pseudonymized(made, OWN) == made
    before, after = parts(statement), parts(made)
    assert after.activities == before.activities
    assert after.verbs == before.verbs
    assert after.registration == before.registration
    for old, new in zip(before.agents, after.agents, strict=True):
        assert (new.role, new.member, new.within) == (old.role, old.member, old.within)
        if old.role == "authority":
            assert new.value == old.value
        elif old.key is None:
            assert new.key is None
        else:
            assert new.key == OWN.key_for(old.key)
            assert OWN.is_pseudonym(new.key)
            assert set(new.value) <= {"objectType", "account", "member"}


def test_the_key_is_made_once_for_all_processes() -> None:
    access = InMemoryAccess()
    first, second = pseudonyms_of(access, HOME), pseudonyms_of(access, HOME)
    assert first.agent(ANNA) == second.agent(ANNA)
    assert pseudonyms_of(InMemoryAccess(), HOME).agent(ANNA) != first.agent(ANNA)


def test_the_key_is_not_shown() -> None:
    assert repr(KEY) not in repr(OWN)


def test_a_persons_id_is_not_made_of_an_agents_id_without_the_key() -> None:
    key = agent_key(ANNA) or ""
    person = hashlib.sha256(key.encode()).hexdigest()[:32]
    assert OWN.person(person) not in (person, OWN.person(key))
