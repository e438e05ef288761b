"""The document on cmi5 against the code, both ways."""

from chalicelib.adapters.dynamodb_cmi5_tokens import KEPT_SECONDS
from chalicelib.lrs.cmi5.request import FIELDS
from chalicelib.lrs.cmi5.rules import AU_VERBS, LAUNCH_DATA, LEARNER_PREFERENCES, RULES, Rule
from chalicelib.lrs.cmi5.tokens import LIFE_SECONDS
from tests.documents import code, named, table, text_of


def test_what_a_token_may_do_stands_in_the_document() -> None:
    rows = {
        (code(row["resource"])[0], row["call"] == "write"): row
        for row in table("cmi5.md", "What a token may do")
    }
    assert rows.keys() == RULES.keys()
    for place, rule in RULES.items():
        own = [name for name in ("agent", "activity", "registration") if getattr(rule, name)]
        assert rows[place]["must be the session's own"] == ", ".join(own), place
        if place[0] not in ("agents", "activities"):
            assert rows[place]["documents"] == documents(*place, rule), place


def documents(resource: str, writes: bool, rule: Rule) -> str:
    if rule.only:
        return f"`{LEARNER_PREFERENCES}` alone"
    if resource == "activities/state":
        return f"all but `{LAUNCH_DATA}`" if writes else f"all, `{LAUNCH_DATA}` too"
    return "all"


def test_the_fields_of_a_request_stand_in_the_document() -> None:
    assert tuple(named(table("cmi5.md", "The way of a launch"), "field of a request")) == FIELDS


def test_the_verbs_of_an_assignable_unit_stand_in_the_document() -> None:
    text = text_of("cmi5.md")
    assert all(f"`{verb.rpartition('/')[2]}`" in text for verb in AU_VERBS)


def test_how_long_a_token_lives_stands_in_the_document() -> None:
    assert [row["value"] for row in table("cmi5.md", "Life of a token")] == [
        f"{LIFE_SECONDS // 3600} hours",
        f"{KEPT_SECONDS // 3600} hours",
    ]
