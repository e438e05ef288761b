"""The statements of a config: the one with a number is made from the seed and the number alone.

Every choice is drawn from SHA-256, so the same config makes the same statements on any machine and in any release of
Python; a page of them can be made again, and others skipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeVar
from uuid import UUID, uuid5

from chalicelib.lrs.seeding.config import (
    ActivityFamily,
    AgentFamily,
    Config,
    Context,
    GroupFamily,
    InvalidConfig,
    Result,
    Template,
)
from chalicelib.lrs.validation.statements import validate_statement
from chalicelib.lrs.versions import V1, V2
from chalicelib.times import written

_NAMESPACE = UUID("8f6a6f4e-2a3f-5f6b-9a55-0c8f4f2f8d10")
_FRACTIONS = 1 << 64
SAMPLES = 3  # statements of a template, for each of its names, that a config is judged by

T = TypeVar("T")
Made = dict[str, Any]


class Draws:
    """Choices that follow from a text: the same text, the same choices in the same order."""

    def __init__(self, text: str) -> None:
        self._seed, self._count = text.encode(), 0

    def fraction(self) -> float:
        """A number from 0 to 1, 1 excluded."""
        return self._number() / _FRACTIONS

    def below(self, end: int) -> int:
        """A whole number from 0 to `end`, excluded."""
        return self._number() * end // _FRACTIONS

    def one_of(self, values: Sequence[T]) -> T:
        """One of them."""
        return values[self.below(len(values))]

    def _number(self) -> int:
        digest = hashlib.sha256(self._seed + b"\0%d" % self._count).digest()
        self._count += 1
        return int.from_bytes(digest[:7], "big") << 8  # 56 bits: a fraction never rounds up to 1


class Maker:
    """Makes the statements of a config."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def statement(self, index: int) -> Made:
        """The statement with this number, from 0; valid in both versions, where `check` found no fault."""
        config = self._config
        draws = Draws(f"{config.seed}\0{index}")
        place = draws.below(self._weights[-1])
        template = next(
            each for each, end in zip(config.templates, self._weights, strict=True) if place < end
        )
        return self._made(index, template, draws)

    def most_named(self) -> int:
        """No statement names more agents, groups, activities and verbs."""
        return max(self._most_named(template) for template in self._config.templates)

    def check(self) -> None:
        """Raises `InvalidConfig` for what would make statements that are not valid in both versions."""
        faults: dict[tuple[str, str], None] = {}
        for place, template in enumerate(self._config.templates):
            for single in _singles(template):
                for index in range(SAMPLES):
                    made = self._made(index, single, Draws(f"{self._config.seed}\0{index}"))
                    for version in (V1, V2):
                        for fault in validate_statement(made, version):
                            faults[f"templates[{place}]", f"makes {fault.path}: {fault.rule.rstrip('.')}"] = (
                                None
                            )
        if faults:
            raise InvalidConfig(list(faults)[:100])

    def _most_named(self, template: Template) -> int:
        context = template.context or Context()
        wide = max(self._width(name) for name in template.actors) + max(
            self._width(name) for name in template.objects
        )
        return wide + self._width(context.team) + len(context.activities) + 2  # the verb, the instructor

    def _width(self, name: str) -> int:
        group = self._config.groups.get(name)
        return 1 if group is None else 1 + group.members

    @cached_property
    def _weights(self) -> list[int]:
        return list(accumulate(each.weight for each in self._config.templates))

    def _made(self, index: int, template: Template, draws: Draws) -> Made:
        config = self._config
        time = config.starts + index * config.every + draws.below(config.every)
        statement: Made = {
            "id": str(uuid5(_NAMESPACE, f"{config.seed}\0{index}")),
            "timestamp": written(time // 1000 * 1000),
            "actor": self._party(draws.one_of(template.actors), draws),
            "verb": dict(config.verbs[draws.one_of(template.verbs)]),
        }
        name = draws.one_of(template.objects)
        activities = config.activities.get(name)
        statement["object"] = _activity(activities, draws) if activities else self._party(name, draws)
        if template.result is not None:
            result = _result(template.result, draws)
            statement |= {"result": result} if result else {}
        if template.context is not None:
            # `platform` goes with an Activity alone (xAPI 1.0.3, Data 2.4.6).
            context = self._context(template.context, draws, about_activity=activities is not None)
            statement |= {"context": context} if context else {}
        return statement

    def _party(self, name: str, draws: Draws) -> Made:
        """An agent or a group of a family."""
        agents = self._config.agents.get(name)
        if agents is not None:
            return _agent(name, agents, 1 + draws.below(agents.quantity))
        groups = self._config.groups[name]
        return self._group(name, groups, 1 + draws.below(groups.quantity))

    def _group(self, name: str, family: GroupFamily, number: int) -> Made:
        """The same group has the same members wherever it stands."""
        agents = self._config.agents[family.of]
        draws = Draws(f"{self._config.seed}\0{name}\0{number}")
        chosen = dict.fromkeys(1 + draws.below(agents.quantity) for _ in range(family.members))
        made: Made = {"objectType": "Group", "member": [_agent(family.of, agents, each) for each in chosen]}
        if family.identified:
            made["account"] = {"homePage": _numbered(family.home_page, number), "name": f"{name}-{number}"}
        return made | _name(family.name, number)

    def _context(self, wanted: Context, draws: Draws, *, about_activity: bool) -> Made:
        made: Made = {}
        if wanted.registration:
            made["registration"] = str(
                uuid5(_NAMESPACE, f"{self._config.seed}\0{draws.below(1_000_000_000)}")
            )
        for name in ("instructor", "team"):
            if family := getattr(wanted, name):
                made[name] = self._party(family, draws)
        if wanted.platform and about_activity:
            made["platform"] = wanted.platform
        if wanted.language:
            made["language"] = wanted.language
        activities = {
            role: [_activity(self._config.activities[family], draws)]
            for role, family in wanted.activities.items()
        }
        return made | ({"contextActivities": activities} if activities else {})


def _singles(template: Template) -> list[Template]:
    """Templates that together name whatever this one names, each one of a kind."""
    most = max(len(template.actors), len(template.verbs), len(template.objects))
    return [
        Template(
            1,
            [template.actors[turn % len(template.actors)]],
            [template.verbs[turn % len(template.verbs)]],
            [template.objects[turn % len(template.objects)]],
            template.result,
            template.context,
        )
        for turn in range(most)
    ]


def _numbered(text: str, number: int) -> str:
    return text.replace("{n}", str(number))


def _name(text: str, number: int) -> Made:
    return {"name": _numbered(text, number)} if text else {}


def _agent(family: str, agents: AgentFamily, number: int) -> Made:
    identifier = agents.identifiers[number % len(agents.identifiers)]
    local = f"{family}-{number}"
    address = f"mailto:{local}@{agents.domain}"
    value: object = {
        "mbox": address,
        "mbox_sha1sum": hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest(),
        "openid": f"https://{agents.domain}/{local}",
        "account": {"homePage": _numbered(agents.home_page, number), "name": local},
    }[identifier]
    return {"objectType": "Agent", identifier: value, **_name(agents.name, number)}


def _activity(family: ActivityFamily, draws: Draws) -> Made:
    number = 1 + draws.below(family.quantity)
    definition: Made = {"type": family.type} if family.type else {}
    for name in ("name", "description"):
        if texts := getattr(family, name):
            definition[name] = {tag: _numbered(text, number) for tag, text in texts.items()}
    made: Made = {"objectType": "Activity", "id": _numbered(family.id, number)}
    return made | ({"definition": definition} if definition else {})


def _result(wanted: Result, draws: Draws) -> Made:
    made: Made = {}
    if wanted.score is not None:
        lowest, highest = wanted.score
        share = draws.below(101) / 100
        made["score"] = {
            "scaled": share,
            "raw": _between(lowest, highest, share),
            "min": lowest,
            "max": highest,
        }
        if lowest == highest:
            made["score"] = {"scaled": share}
    for name in ("success", "completion"):
        probability = getattr(wanted, name)
        if probability is not None:
            made[name] = draws.fraction() < probability
    if wanted.duration is not None:
        lowest, highest = wanted.duration
        made["duration"] = f"PT{_between(lowest, highest, draws.fraction()):.2f}S"
    if wanted.responses:
        made["response"] = draws.one_of(wanted.responses)
    return made


def _between(lowest: float, highest: float, share: float) -> float:
    """A number in the range, with two decimals where they fit."""
    return min(max(round(lowest + (highest - lowest) * share, 2), lowest), highest)
