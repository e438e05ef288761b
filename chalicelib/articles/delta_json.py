"""JSON as delta files need it: repeated keys are seen, numbers stay as written, nothing is converted."""

import json
from typing import NoReturn

from chalicelib.errors import FileFault

_CONTAINERS = (list, tuple)
MAX_DEPTH = 64  # far below Python's recursion limit, so that the verdict never depends on who calls


class IntegerText(str):
    """An integer as its digits: Python refuses to convert more than 4,300 of them."""

    __slots__ = ()


class FractionText(str):
    """A number with a fraction or an exponent, as it is written."""

    __slots__ = ()


class NotANumber(ValueError):
    """`NaN`, `Infinity` or `-Infinity`: Python's own extension, no JSON."""


def _refuse_constant(name: str) -> NoReturn:
    raise NotANumber(name)


decode = json.JSONDecoder(
    object_pairs_hook=tuple,
    parse_int=IntegerText,
    parse_float=FractionText,
    parse_constant=_refuse_constant,
).raw_decode
"""Decodes the value that begins at an index of a text; returns it and the index after it.

An object becomes a tuple of pairs, an array a list, a number `IntegerText` or `FractionText`.
Raises `json.JSONDecodeError`, `NotANumber`, `RecursionError`.
"""


def check_depth(value: object) -> None:
    """Raises `FileFault` for a value nested deeper than `MAX_DEPTH`."""
    level = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(MAX_DEPTH):
        level = [child for outer in level for child in _children(outer) if isinstance(child, _CONTAINERS)]
    if level:
        raise too_deep()


def too_deep() -> FileFault:
    """The fault of a file whose values are nested too deep."""
    return FileFault(f"The file holds an entry that is nested deeper than {MAX_DEPTH} levels", "format")


def to_json(value: object) -> str:
    """The JSON text of a decoded value (no deeper than `MAX_DEPTH`), without white space."""
    if isinstance(value, IntegerText | FractionText):
        return str(value)
    if isinstance(value, tuple):
        return "{" + ",".join(f"{to_json(key)}:{to_json(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _children(value: object) -> list[object]:
    if isinstance(value, tuple):
        return [item for _, item in value]
    return value if isinstance(value, list) else []
