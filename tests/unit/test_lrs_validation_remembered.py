"""What was found valid is not checked again; everything else is, each time."""

from typing import Any

import pytest

from chalicelib.lrs.validation import remembered
from chalicelib.lrs.validation.faults import Place, Report
from chalicelib.lrs.validation.statements import validate_agent

ANNA = {"mbox": "mailto:anna@example.com"}


class Counting:
    """A check that counts its calls, and finds a fault in whatever is `wrong`."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, value: Any, at: Place, report: Report) -> None:
        self.calls += 1
        if "wrong" in value:
            report.add(at, "must not be wrong", "XAPI-00010")


def _calls(*values: Any) -> int:
    check = Counting()
    once = remembered.remembering(check)
    for value in values:
        once(value, None, Report())
    return check.calls


def test_the_same_value_is_checked_once() -> None:
    assert _calls({"a": [1, "x"]}, {"a": [1, "x"]}) == 1


@pytest.mark.parametrize("other", [True, 1.0, "1", [1], None])
def test_values_that_python_or_their_texts_could_confuse_are_told_apart(other: object) -> None:
    assert _calls({"a": 1}, {"a": other}) == 2


def test_faults_are_told_each_time() -> None:
    wrong = {**ANNA, "name": 1}
    first = validate_agent(wrong, "2.0.0")
    assert len(first) == 1
    assert validate_agent(wrong, "2.0.0") == first
    assert _calls({"wrong": 1}, {"wrong": 1}) == 2


def test_a_valid_value_after_a_fault_elsewhere_is_remembered() -> None:
    check, report = Counting(), Report()
    once = remembered.remembering(check)
    for value in ({"wrong": 1}, {}, {}):
        once(value, None, report)
    assert check.calls == 2
    assert len(report.faults) == 1


def test_long_values_and_those_that_cannot_be_written_are_checked_each_time() -> None:
    long: dict[str, object] = {"a": "x" * remembered.LONGEST}
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    huge = {"a": 10**5000}
    assert _calls(long, long) == 2
    assert _calls(deep, deep) == 2
    assert _calls(huge, huge) == 2


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    check = Counting()
    once = remembered.remembering(check)
    for number in (*range(remembered.MOST + 1), remembered.MOST, 0):
        once({"a": number}, None, Report())
    assert check.calls == remembered.MOST + 2  # the last is still known, the first is not
