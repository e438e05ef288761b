"""The document on conformance: its tables against the checks."""

import argparse
from collections import Counter

from chalicelib.lrs.conformance import covered, plan, probe, uncovered
from chalicelib.lrs.conformance.requirements import REQUIREMENTS
from chalicelib.lrs.versions import V1, V2
from infra.cli import conformance
from tests.documents import code, named, once, table, text_of

DOCUMENT = "conformance.md"


def part_of(section: str) -> str:
    """The section with at most two numbers: `Data 2.4.1` is in `Data 2.4`."""
    kind, _, number = section.partition(" ")
    return f"{kind} {'.'.join(number.split('.')[:2])}"


def test_every_option_is_told() -> None:
    parser = argparse.ArgumentParser()
    conformance.register(subparsers := parser.add_subparsers())
    options = {
        option
        for action in subparsers.choices["conformance"]._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    assert {code(row["option"])[0] for row in table(DOCUMENT, "Conformance to xAPI")} == options


def test_counts_are_those_of_the_checks() -> None:
    rows = {code(row["version"])[0]: row for row in table(DOCUMENT, "What is covered")}
    assert rows.keys() == {V1, V2}
    for version in (V1, V2):
        assert int(rows[version]["requirements"]) == len(covered(version))
        assert int(rows[version]["checks"]) == len(plan(version))
        assert int(rows[version]["not covered"]) == len(uncovered(version))


def test_every_section_stands_there_with_its_counts() -> None:
    rows = table(DOCUMENT, "Sections")
    assert len(once(named(rows, "section"))) == len(rows)
    for version, column in ((V1, "requirements of 1.0.3"), (V2, "of 2.0")):
        counts = Counter(part_of(one.section) for one in covered(version))
        told = {code(row["section"])[0]: int(row[column]) for row in rows}
        assert {section: count for section, count in told.items() if count} == counts


def test_places_in_2_0_are_those_of_the_requirements() -> None:
    for row in table(DOCUMENT, "Sections"):
        [section] = code(row["section"])
        places = {one.section_in(V2) for one in covered(V2) if part_of(one.section) == section}
        assert set(code(row["in 2.0"])) == {place for place in places if place[0].isdigit()}


def test_numbers_of_ours_and_what_is_not_covered_stand_there() -> None:
    ours = {one.id: one for one in REQUIREMENTS.values() if one.id.startswith("LR-")}
    rows = {code(row["number"])[0]: row for row in table(DOCUMENT, "Numbers of ours")}
    assert rows.keys() == ours.keys()
    for number, row in rows.items():
        one = ours[number]
        assert row["what it asks for"] == one.title
        assert code(row["section"]) == [one.section]
        assert row["versions"] == ", ".join(one.versions)
    told = {code(row["requirement"])[0]: row["why"] for row in table(DOCUMENT, "Not covered")}
    assert told == {one.id: one.not_covered for version in (V1, V2) for one in uncovered(version)}


def test_limits_and_marks_are_told() -> None:
    text = text_of(DOCUMENT)
    assert f"at most {probe.MOST_REQUESTS} requests" in text
    assert f"`{probe.run_activity('RUN')}`" in text
