"""What was found valid not long ago: agents, verbs and activities come again in one statement after the other."""

from collections.abc import Callable
from typing import Any

from chalicelib.lrs.validation.faults import Place, Report

MOST = 2000
LONGEST = 2000  # characters; all that is remembered of one kind of value is a few megabytes at most

Check = Callable[[Any, Place, Report], None]


def remembering(check: Check) -> Check:
    """The same check, which passes over what it has found valid before; what has faults is checked each time."""
    valid: set[str] = set()

    def check_once(value: Any, at: Place, report: Report) -> None:
        try:
            text = repr(
                value
            )  # tells all JSON apart, `1` from `1.0` and `true` too, and costs a fraction of a check
        except (RecursionError, ValueError):  # nested too deeply; an integer of more than 4,300 digits
            check(value, at, report)
            return
        if text in valid:
            return
        before = len(report.faults)
        check(value, at, report)
        if len(report.faults) == before and len(text) <= LONGEST:
            if len(valid) >= MOST:
                valid.clear()
            valid.add(text)

    return check_once
