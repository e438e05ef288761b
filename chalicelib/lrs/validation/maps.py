"""Checks of values whose keys are free: language maps (Data 4.2) and extensions (Data 4.1)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from chalicelib.lrs.validation.data_types import is_iri, is_language_tag, is_number
from chalicelib.lrs.validation.faults import Place, Report
from chalicelib.lrs.validation.shapes import Requirement

MAX_DEPTH = 64  # of arrays and objects inside one extension; far below what any JSON parser takes
MAX_KEY_LENGTH = 2048

Check = Callable[[Any, Place, Report], None]


def check_language_map(requirement: str) -> Check:
    """Each key is a language tag, each value a string."""

    def check(value: Any, at: Place, report: Report) -> None:
        if not isinstance(value, dict):
            _not_an_object(value, 'must be a language map, as {"en-US": "attended"}', requirement, at, report)
            return
        for tag, text in value.items():
            if not is_language_tag(tag):
                rule = "must have language tags of RFC 5646 as keys, as en-US"
                report.add((at, str(tag)), rule, Requirement.LANGUAGE_TAG.value)
            if not isinstance(text, str):
                code = Requirement.NULL.value if text is None else requirement
                report.add((at, str(tag)), "must be a string", code)

    return check


def check_extensions(requirement: str) -> Check:
    """Each key is an IRI; the values are anything that JSON can say, within bounds."""

    def check(value: Any, at: Place, report: Report) -> None:
        if not isinstance(value, dict):
            _not_an_object(value, "must be an object with IRIs as keys", requirement, at, report)
            return
        for key, item in value.items():
            if not is_iri(key):
                rule = "must have IRIs with a scheme as keys, as http://example.com/extension"
                report.add((at, str(key)), rule, Requirement.EXTENSION_KEY.value)
            elif len(key) > MAX_KEY_LENGTH:
                report.add((at, key), f"must have a key of {MAX_KEY_LENGTH} characters at most", "XAPI-00118")
            if isinstance(item, (dict, list, float, Decimal)):
                fault = fault_inside(item)
                if fault is not None:
                    report.add((at, str(key)), fault, Requirement.EXTENSIONS.value)

    return check


def fault_inside(value: object) -> str | None:
    """Why a value can be no JSON or goes beyond the bounds; None: it is within them. Never recurses."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict):
            if any(not isinstance(key, str) or len(key) > MAX_KEY_LENGTH for key in item):
                return f"must have strings of {MAX_KEY_LENGTH} characters at most as keys"
            inner: Any = item.values()
        elif isinstance(item, list):
            inner = item
        elif isinstance(item, (float, Decimal)) and not is_number(item):
            return "must not hold NaN or Infinity, which are no JSON"
        else:
            continue
        if depth > MAX_DEPTH:
            return f"must not nest deeper than {MAX_DEPTH} levels"
        waiting.extend((one, depth + 1) for one in inner if isinstance(one, (dict, list, float, Decimal)))
    return None


def _not_an_object(value: object, rule: str, requirement: str, at: Place, report: Report) -> None:
    report.add(at, rule, Requirement.NULL.value if value is None else requirement)
