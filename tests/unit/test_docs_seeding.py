"""docs/seeding.md says of configs what the code reads, and its example is a config."""

import json
from typing import Any

from chalicelib.lrs.seeding import fields, reading
from chalicelib.lrs.seeding.config import InvalidConfig
from chalicelib.lrs.seeding.configs import LARGEST, config_named, place_of
from chalicelib.lrs.seeding.default import DEFAULT
from chalicelib.lrs.seeding.making import Maker
from chalicelib.lrs.seeding.reading import read_config
from chalicelib.lrs.validation.statements import validate_statement
from chalicelib.lrs.versions import V1, V2
from tests.documents import PROJECT, fenced, named, once, table, text_of
from tests.doubles.blobs import MemoryBlobs

DOCUMENT = "seeding.md"
UNKNOWN = "no-such-field"


def known(config: dict[str, Any], prefix: str) -> set[str]:
    """The fields that an object of a config may have, as the fault about another one names them."""
    try:
        read_config(config)
    except InvalidConfig as error:
        [rule] = [rule for path, rule in error.faults if path.endswith(UNKNOWN)]
        return {prefix + name for name in rule.partition("known here: ")[2].split(", ")}
    raise AssertionError("it was taken")


def test_every_field_is_told() -> None:
    other = {UNKNOWN: 1}
    fields_there = known({**DEFAULT, **other}, "")
    for part in ("agents", "groups", "verbs", "activities"):
        fields_there |= known({**DEFAULT, part: {"a": other}}, f"{part}.<name>.")
    inner = known({**DEFAULT, "templates": [other]}, "templates[].")
    for part in ("result", "context"):
        inner |= known({**DEFAULT, "templates": [{part: other}]}, f"templates[].{part}.")
    inner -= {"templates[].result", "templates[].context"}
    assert once(named(table(DOCUMENT, "The format"), "field")) == fields_there | inner


def test_the_example_is_a_config_and_makes_valid_statements() -> None:
    [example] = fenced(PROJECT / "docs" / DOCUMENT, "yaml")
    blobs = MemoryBlobs()
    blobs.put(place_of("example"), example.encode())
    config = config_named("example", blobs).config
    made = [Maker(config).statement(index) for index in range(config.statements)]
    assert len(made) == 50
    assert all(validate_statement(each, version) == [] for each in made for version in (V1, V2))
    assert "Team 1" in json.dumps(made)


def test_figures_are_those_of_the_code() -> None:
    text = " ".join(text_of(DOCUMENT).split())
    for said in (
        f"{LARGEST // 1024} KB at most",
        f"({DEFAULT['statements']} statements of a small school)",
        f"1 to {reading.MOST_STATEMENTS:,}",
        f"1 to {reading.MOST_MEMBERS};",
        f"up to {fields.MOST_NAMED} items",
        f"map up to {fields.MOST_LANGUAGES}",
        f"up to {fields.LONGEST_TEXT} characters",
    ):
        assert said in text, said
