"""What the tables of `rules` are written in: kinds of values, objects, lists, maps, choices. Data only.

`requirement` is the identifier of the conformance requirement that a fault of this value is told under.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.lrs.validation.faults import Place, Report
from chalicelib.lrs.versions import V1, V2, XapiVersion

BOTH: tuple[XapiVersion, ...] = (V1, V2)

Relation = Callable[[Mapping[str, Any], Place, Report], None]
"""A rule about several properties of one object; it must stand whatever types they have."""


@dataclass(frozen=True)
class Plain:
    """A text, number or truth value. `test` says whether it is one, `rule` what it must be."""

    name: str
    test: Callable[[object], bool]
    rule: str


@dataclass(frozen=True)
class Versioned:
    """A plain value of which the two versions ask different things."""

    name: str
    test: Callable[[object, XapiVersion], bool]
    rules: Mapping[XapiVersion, str]


@dataclass(frozen=True)
class Word:
    """One of some words, in exactly this case."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    """`at_least`: how many items it must have. `single`: one item may stand there without its list."""

    item: "Shape"
    requirement: str
    at_least: int = 0
    single: bool = False


@dataclass(frozen=True)
class LanguageMap:
    """Language tags and texts."""


@dataclass(frozen=True)
class Extensions:
    """IRIs and any JSON, within bounds."""


@dataclass(frozen=True)
class Property:
    shape: "Shape"
    requirement: str
    required: bool = False
    versions: tuple[XapiVersion, ...] = BOTH


@dataclass(frozen=True)
class Object:
    """`never`: properties that others like it have and it must not, with the requirement that says so.

    `unknown`: the requirement that forbids properties that are not listed. `repeated`: one statement after the other
    has the same, so that it pays to remember which are valid.
    """

    name: str
    properties: Mapping[str, Property]
    relations: tuple[Relation, ...] = ()
    never: Mapping[str, str] = field(default_factory=dict)
    unknown: str = "XAPI-00010"
    repeated: bool = False


@dataclass(frozen=True)
class Choice:
    """Which object it is stands in its `objectType`; without one it is `default` (None: it must have one)."""

    objects: Mapping[str, Object]
    default: str | None
    requirement: str


Shape = Plain | Versioned | Word | ListOf | LanguageMap | Extensions | Object | Choice


class Requirement(StrEnum):
    """Requirements that hold for every value."""

    NULL = "XAPI-00001"
    TYPE = "XAPI-00006"
    KEY_CASE = "XAPI-00008"
    WORD_CASE = "XAPI-00009"
    LANGUAGE_TAG = "XAPI-00121"
    EXTENSION_KEY = "XAPI-00118"
    EXTENSIONS = "XAPI-00119"
