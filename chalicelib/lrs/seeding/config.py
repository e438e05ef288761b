"""What a config of seeding says; docs/seeding.md has the format, `chalicelib.lrs.seeding.reading` reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

BUILT_IN = "default"
LONGEST_NAME = 64  # characters of the name of a config


@dataclass(frozen=True)
class AgentFamily:
    """`quantity` agents; the n-th has the n-th of `identifiers`, in turns. `{n}` in a text is the number, from 1."""

    quantity: int
    identifiers: Sequence[str]
    home_page: str
    domain: str
    name: str


@dataclass(frozen=True)
class GroupFamily:
    """`quantity` groups with `members` agents of the family `of`; `identified`: by an account."""

    quantity: int
    of: str
    members: int
    identified: bool
    home_page: str
    name: str


@dataclass(frozen=True)
class ActivityFamily:
    """`quantity` activities; `id`, `name` and `description` may hold `{n}`."""

    quantity: int
    id: str
    type: str
    name: Mapping[str, str]
    description: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """What statements have as result: parts of one that are drawn, each 0 to 1, and ranges from lowest to highest."""

    score: tuple[float, float] | None = None
    success: float | None = None
    completion: float | None = None
    duration: tuple[float, float] | None = None
    responses: Sequence[str] = ()


@dataclass(frozen=True)
class Context:
    """What statements have as context; families are named."""

    registration: bool = False
    instructor: str = ""
    team: str = ""
    platform: str = ""
    language: str = ""
    activities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """One kind of statement, `weight` parts of all. Names are those of families and verbs; one of a list is drawn."""

    weight: int
    actors: Sequence[str]
    verbs: Sequence[str]
    objects: Sequence[str]
    result: Result | None = None
    context: Context | None = None


@dataclass(frozen=True)
class Config:
    """What is made. `starts`: the first timestamp (microseconds since 1970); `every`: so many to the next."""

    seed: str
    statements: int
    starts: int
    every: int
    agents: Mapping[str, AgentFamily]
    groups: Mapping[str, GroupFamily]
    verbs: Mapping[str, Json]
    activities: Mapping[str, ActivityFamily]
    templates: Sequence[Template]


class InvalidConfig(Exception):
    """A config has faults. `faults`: path and what must hold, in the order in which they stand."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{path} {rule}" for path, rule in faults))

    @property
    def told(self) -> list[str]:
        """The faults in words."""
        return [f"{path or 'The config'} {rule}." for path, rule in self.faults]
