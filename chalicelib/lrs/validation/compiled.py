"""Turns the tables into functions, once a version: a valid value costs few steps, and paths are made of faults only.

A plain value becomes a test (true: nothing wrong); an object, list, map or choice becomes a check, which reports.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from chalicelib.lrs.validation import maps, rules
from chalicelib.lrs.validation.faults import Place, Report, shown
from chalicelib.lrs.validation.remembered import remembering
from chalicelib.lrs.validation.shapes import (
    Choice,
    Extensions,
    LanguageMap,
    ListOf,
    Object,
    Plain,
    Property,
    Requirement,
    Shape,
    Versioned,
    Word,
)
from chalicelib.lrs.versions import XapiVersion

Check = Callable[[Any, Place, Report], None]
Test = Callable[[object], bool]


@lru_cache(maxsize=64)
def checker(name: str, version: XapiVersion) -> Check:
    """The check of a table of `rules`, named as it is there (`STATEMENT`)."""
    shape: Shape = getattr(rules, name)
    return _Compiler(version).check_of(shape, Requirement.TYPE.value)


class _Compiler:
    """Compiles shapes for one version; an object that stands in several places is compiled once."""

    def __init__(self, version: XapiVersion) -> None:
        self._version = version
        self._objects: dict[int, Check] = {}

    def check_of(self, shape: Shape, requirement: str) -> Check:
        if isinstance(shape, Object):
            if id(shape) not in self._objects:
                check = self._object(shape)
                self._objects[id(shape)] = remembering(check) if shape.repeated else check
            return self._objects[id(shape)]
        if isinstance(shape, Choice):
            return self._choice(shape)
        if isinstance(shape, ListOf):
            return self._list(shape)
        if isinstance(shape, LanguageMap):
            return maps.check_language_map(requirement)
        if isinstance(shape, Extensions):
            return maps.check_extensions(requirement)
        return self._leaf(shape, requirement)

    def test_of(self, shape: Shape) -> Test | None:
        """The quick answer for a plain value; None: the shape has parts."""
        if isinstance(shape, Plain):
            return shape.test
        if isinstance(shape, Versioned):
            version, test = self._version, shape.test
            return lambda value: test(value, version)
        if isinstance(shape, Word):
            words = shape.words
            if len(words) == 1:
                only = words[0]
                return lambda value: value == only
            return lambda value: value in words
        return None

    def _leaf(self, shape: Plain | Versioned | Word, requirement: str) -> Check:
        """What a plain value that is wrong is told."""
        test = self.test_of(shape)
        assert test is not None
        if isinstance(shape, Word):
            rule = f"must be {' or '.join(shape.words)}, in exactly this case"
        else:
            rule = shape.rule if isinstance(shape, Plain) else shape.rules[self._version]
        lower = {word.lower() for word in shape.words} if isinstance(shape, Word) else set()

        def check(value: Any, at: Place, report: Report) -> None:
            if test(value):
                return
            if value is None:
                report.add(at, f"{rule}; null is allowed in extensions only", Requirement.NULL.value)
            elif isinstance(value, str) and value.lower() in lower:
                report.add(at, rule, Requirement.WORD_CASE.value)
            else:
                report.add(at, rule, requirement)

        return check

    def _object(self, shape: Object) -> Check:
        properties = {
            name: (self.test_of(one.shape), self._property(one))
            for name, one in shape.properties.items()
            if self._version in one.versions
        }
        required = {name: one.requirement for name, one in shape.properties.items() if one.required}
        names, relations, title = required.keys(), shape.relations, shape.name
        unknown = _unknown(shape, properties)

        def check(value: Any, at: Place, report: Report) -> None:
            if not isinstance(value, dict):
                report_type(value, f"must be an object: {article(title)}", at, report)
                return
            for name, item in value.items():
                found = properties.get(name)
                if found is None:
                    unknown(name, at, report)
                    continue
                test, full = found
                if test is None or not test(item):
                    full(item, (at, name), report)
            if not names <= value.keys():
                for name, requirement in required.items():
                    if name not in value:
                        report.add((at, name), f"is missing; {article(title)} needs it", requirement)
            for relation in relations:
                relation(value, at, report)

        return check

    def _property(self, one: Property) -> Check:
        """The check of a property: where its value is of the wrong type, the property's requirement is told."""
        check = self.check_of(one.shape, one.requirement)
        if self.test_of(one.shape) is not None or isinstance(one.shape, ListOf):
            return check
        requirement = one.requirement

        def named(value: Any, at: Place, report: Report) -> None:
            if isinstance(value, dict) or value is None:
                check(value, at, report)
            else:
                report.add(at, f"must be an object, not {kind_of(value)}", requirement)

        return named

    def _list(self, shape: ListOf) -> Check:
        test, check = self.test_of(shape.item), self.check_of(shape.item, shape.requirement)
        requirement, at_least, single = shape.requirement, shape.at_least, shape.single

        def check_list(value: Any, at: Place, report: Report) -> None:
            if not isinstance(value, list):
                if single and isinstance(value, dict):
                    check(value, at, report)
                else:
                    report_type(value, "must be an array", at, report, requirement)
                return
            if len(value) < at_least:
                report.add(at, f"must have at least {at_least} item", requirement)
            for index, item in enumerate(value):
                if test is None or not test(item):
                    check(item, (at, index), report)

        return check_list

    def _choice(self, shape: Choice) -> Check:
        checks = {name: self.check_of(one, shape.requirement) for name, one in shape.objects.items()}
        default, requirement = shape.default, shape.requirement
        rule = f"must be {', '.join(checks)}, in exactly this case"
        by_lower = {name.lower(): name for name in checks}

        def check(value: Any, at: Place, report: Report) -> None:
            if not isinstance(value, dict):
                report_type(value, f"must be an object: {', '.join(checks)}", at, report, requirement)
                return
            name = value.get("objectType", default)
            found = checks.get(name) if isinstance(name, str) else None
            if found is not None:
                found(value, at, report)
            elif isinstance(name, str) and name.lower() in by_lower:
                checks[by_lower[name.lower()]](value, at, report)
            elif name is None and "objectType" not in value:
                report.add((at, "objectType"), f"is missing; {rule}", requirement)
            else:
                code = Requirement.NULL.value if name is None else requirement
                report.add((at, "objectType"), rule, code)

        return check


def _unknown(shape: Object, properties: Mapping[str, object]) -> Check:
    """What a property is told that the table does not list."""
    by_lower = {name.lower(): name for name in properties}
    never, title, requirement = shape.never, shape.name, shape.unknown

    def check(name: Any, at: Place, report: Report) -> None:
        if not isinstance(name, str):
            report.add(at, "must have strings as keys", Requirement.TYPE.value)
        elif name in never:
            report.add((at, name), f"must not be there; {article(title)} has none", never[name])
        elif name.lower() in by_lower:
            report.add((at, name), f"must be spelled {by_lower[name.lower()]}", Requirement.KEY_CASE.value)
        else:
            report.add(
                (at, name), f"is not a property of {article(title)}; leave {shown(name)!r} out", requirement
            )

    return check


def report_type(
    value: object, rule: str, at: Place, report: Report, requirement: str = Requirement.TYPE.value
) -> None:
    """Tells that a value is of the wrong type, or null."""
    if value is None:
        report.add(at, f"{rule}; null is allowed in extensions only", Requirement.NULL.value)
    else:
        report.add(at, f"{rule}, not {kind_of(value)}", requirement)


def kind_of(value: object) -> str:
    """A JSON type in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object" if isinstance(value, dict) else "a number"


def article(title: str) -> str:
    return f"an {title}" if title[0] in "aeiouAEIOU" else f"a {title}"
