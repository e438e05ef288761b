"""Random damage to valid statements, and where it happened."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from chalicelib.lrs.validation import rules
from chalicelib.lrs.validation.shapes import (
    Choice,
    Extensions,
    LanguageMap,
    ListOf,
    Object,
    Plain,
    Shape,
    Versioned,
)
from chalicelib.lrs.versions import XapiVersion
from tests.doubles.lrs_statements import statements


@dataclass(frozen=True)
class Damaged:
    """A statement that was valid before `what` happened at `path`; a fault must be told there, or below."""

    statement: Any
    path: str
    what: str


@dataclass(frozen=True)
class _Node:
    """A value in a statement, the steps to it, the shape it has, and the one it was chosen from (`outer`)."""

    steps: tuple[str | int, ...]
    shape: Shape
    value: Any
    outer: Shape


_WRONG = (
    None,
    "",
    12345,
    -1.5,
    True,
    [],
    {},
    [[]],
    "should fail",
    {"x": 1},
    "12",
    "true",
    ["should fail"],
    "\x00",
)


def damaged(version: XapiVersion) -> st.SearchStrategy[Damaged]:
    """Statements with one thing wrong, anywhere."""
    return statements(version).flatmap(
        lambda value: st.sampled_from(list(_damages(value, version))).map(_done(value))
    )


def _done(value: Any) -> Callable[[tuple[tuple[str | int, ...], str, Any]], Damaged]:
    def apply(damage: tuple[tuple[str | int, ...], str, Any]) -> Damaged:
        steps, what, change = damage
        broken = copy.deepcopy(value)
        at = broken
        for step in steps:
            at = at[step]
        replaced = change(at)
        if not steps:
            return Damaged(replaced, "", what)
        parent = broken
        for step in steps[:-1]:
            parent = parent[step]
        parent[steps[-1]] = replaced
        return Damaged(broken, path(steps), what)

    return apply


def path(steps: tuple[str | int, ...]) -> str:
    """Steps as a fault writes them."""
    said = ""
    for step in steps:
        if isinstance(step, int):
            said += f"[{step}]"
        elif step.isascii() and step.isidentifier():
            said += f".{step}"
        else:
            said += f"[{json.dumps(step)}]"
    return said.removeprefix(".")


def _damages(value: Any, version: XapiVersion) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    for node in _nodes(value, rules.STATEMENT, version, ()):
        for wrong in _WRONG:
            if not (_may_be(wrong, node.shape, version) or _may_be(wrong, node.outer, version)):
                yield node.steps, f"became {wrong!r}", lambda _, wrong=wrong: wrong
        if isinstance(node.shape, (Object, LanguageMap, Extensions)):
            yield node.steps, "unknown key", lambda found: {**found, "no such property": "x"}
        if isinstance(node.shape, Object):
            yield from _damages_of_object(node, version)


def _damages_of_object(node: _Node, version: XapiVersion) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    shape = node.shape
    assert isinstance(shape, Object)
    for name in node.value:
        yield node.steps, f"key {name} in capitals", lambda found, name=name: _renamed(found, name)
    for name, one in shape.properties.items():
        if one.required and name != "objectType":
            yield (
                node.steps,
                f"without {name}",
                lambda found, name=name: {key: item for key, item in found.items() if key != name},
            )
        if version not in one.versions:
            yield node.steps, f"{name} is of another version", lambda found, name=name: {**found, name: []}
    for name in shape.never:
        yield node.steps, f"{name} is not for it", lambda found, name=name: {**found, name: "x"}
    if "mbox" in shape.properties and any(name in node.value for name in ("openid", "account")):
        yield node.steps, "a second identifier", lambda found: {**found, "mbox": "mailto:second@example.com"}


def _renamed(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {(key.upper() if key == name else key): item for key, item in found.items()}


def _may_be(value: Any, shape: Shape, version: XapiVersion) -> bool:
    """Whether a shape might take one of the wrong values."""
    if isinstance(shape, Plain):
        return shape.test(value)
    if isinstance(shape, Versioned):
        return shape.test(value, version)
    if isinstance(shape, (LanguageMap, Extensions)):
        return value == {}
    if isinstance(shape, ListOf):
        return value == [] and not shape.at_least
    return value == {} and isinstance(shape, Object) and not shape.relations and not _required(shape)


def _required(shape: Object) -> bool:
    return any(one.required for one in shape.properties.values())


def _nodes(value: Any, shape: Shape, version: XapiVersion, steps: tuple[str | int, ...]) -> Iterator[_Node]:
    outer = shape
    if isinstance(shape, Choice):
        shape = shape.objects[value.get("objectType", shape.default)]
    if isinstance(shape, ListOf) and not isinstance(value, list):
        shape = shape.item
    yield _Node(steps, shape, value, outer)
    if isinstance(shape, ListOf):
        for index, item in enumerate(value):
            yield from _nodes(item, shape.item, version, (*steps, index))
    if isinstance(shape, Object):
        for name, item in value.items():
            yield from _nodes(item, shape.properties[name].shape, version, (*steps, name))
