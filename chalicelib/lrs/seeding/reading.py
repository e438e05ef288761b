"""Configs of seeding, read strictly: every fault of one at once, each under its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.lrs.seeding.config import (
    ActivityFamily,
    AgentFamily,
    Config,
    Context,
    GroupFamily,
    InvalidConfig,
    Json,
    Result,
    Template,
)
from chalicelib.lrs.seeding.fields import Faults, Fields
from chalicelib.lrs.validation.data_types import parse_timestamp
from chalicelib.lrs.versions import V2

MOST_STATEMENTS = 1_000_000
MOST_OF_A_FAMILY = 1_000_000
MOST_MEMBERS = 50
LONGEST_EVERY = 366 * 86_400  # seconds
MOST_FAULTS = 100
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
CONTEXT_ACTIVITIES = ("parent", "grouping", "category", "other")


def read_config(value: object) -> Config:
    """The config in a value. Raises `InvalidConfig` with every fault."""
    faults: Faults = []
    top = Fields(value, "", faults, ("seed", "statements", "starts", "every", *_PARTS, "templates"))
    agents = top.families("agents", _agents)
    groups = top.families("groups", _groups, required=False)
    verbs = top.families("verbs", _verb)
    activities = top.families("activities", _activities)
    for name, group in groups.items():
        if group.of not in agents:
            faults.append((f"groups.{name}.of", "must be a family of agents"))
    top.check_names(agents, groups, activities)
    kinds = _Kinds({*agents, *groups}, set(verbs), {*agents, *groups, *activities}, set(agents), set(groups))
    templates = [
        _template(each, path, faults, kinds, set(activities)) for path, each in top.items("templates")
    ]
    starts = top.text("starts", "2026-01-01T08:00:00Z")
    start = parse_timestamp(starts, V2)
    if start is None:
        faults.append(("starts", "must be a timestamp, such as 2026-01-01T08:00:00Z"))
    config = Config(
        top.seed(),
        top.whole("statements", None, 1, MOST_STATEMENTS),
        start or 0,
        round(top.number("every", 60, 0.001, LONGEST_EVERY) * 1_000_000),
        agents,
        groups,
        verbs,
        activities,
        templates,
    )
    if not faults and not is_in_time(config.starts + config.every * config.statements):
        faults.append(("statements", "must end before the year 9999"))
    if faults:
        raise InvalidConfig(faults[:MOST_FAULTS])
    return config


_PARTS = ("agents", "groups", "verbs", "activities")
_END_OF_TIME = 253_370_764_800_000_000  # the year 9999


def is_in_time(time: int) -> bool:
    """Whether a time (microseconds since 1970) has a year of four digits."""
    return time < _END_OF_TIME


@dataclass(frozen=True)
class _Kinds:
    """What names in a template may mean."""

    actors: set[str]
    verbs: set[str]
    objects: set[str]
    agents: set[str]
    groups: set[str]


_DOMAIN = "seeding.example.org"
_HOME = f"https://{_DOMAIN}"


def _agents(value: object, path: str, faults: Faults) -> AgentFamily:
    fields = Fields(value, path, faults, ("quantity", "identifiers", "home_page", "domain", "name"))
    return AgentFamily(
        fields.whole("quantity", None, 1, MOST_OF_A_FAMILY),
        fields.several("identifiers", IDENTIFIERS, f"one of {', '.join(IDENTIFIERS)}", ("mbox",)),
        fields.iri("home_page", _HOME),
        fields.text("domain", _DOMAIN),
        fields.text("name"),
    )


def _groups(value: object, path: str, faults: Faults) -> GroupFamily:
    fields = Fields(value, path, faults, ("quantity", "of", "members", "identified", "home_page", "name"))
    return GroupFamily(
        fields.whole("quantity", None, 1, MOST_OF_A_FAMILY),
        fields.text("of", None),
        fields.whole("members", 3, 1, MOST_MEMBERS),
        fields.flag("identified"),
        fields.iri("home_page", _HOME),
        fields.text("name"),
    )


def _verb(value: object, path: str, faults: Faults) -> Json:
    fields = Fields(value, path, faults, ("id", "display"))
    made: dict[str, Any] = {"id": fields.iri("id", None)}
    display = fields.map("display")
    return {**made, "display": display} if display else made


def _activities(value: object, path: str, faults: Faults) -> ActivityFamily:
    fields = Fields(value, path, faults, ("quantity", "id", "type", "name", "description"))
    family = ActivityFamily(
        fields.whole("quantity", 1, 1, MOST_OF_A_FAMILY),
        fields.iri("id", None),
        fields.iri("type"),
        fields.map("name"),
        fields.map("description"),
    )
    if family.quantity > 1 and "{n}" not in family.id:
        fields.fault("id", "must hold {n} where there is more than one")
    return family


def _template(value: object, path: str, faults: Faults, kinds: _Kinds, activities: set[str]) -> Template:
    fields = Fields(value, path, faults, ("weight", "actor", "verb", "object", "result", "context"))
    return Template(
        fields.whole("weight", 1, 1, 1000),
        fields.several("actor", kinds.actors, "a family of agents or groups"),
        fields.several("verb", kinds.verbs, "one of the verbs"),
        fields.several("object", kinds.objects, "a family of activities, agents or groups"),
        _result(fields.get("result"), f"{path}.result", faults) if fields.has("result") else None,
        _context(fields.get("context"), f"{path}.context", faults, kinds, activities)
        if fields.has("context")
        else None,
    )


def _result(value: object, path: str, faults: Faults) -> Result:
    fields = Fields(value, path, faults, ("score", "success", "completion", "duration", "responses"))
    return Result(
        fields.range("score", 0, 1_000_000),
        fields.share("success"),
        fields.share("completion"),
        fields.range("duration", 0, 10_000_000),
        fields.texts("responses"),
    )


def _context(value: object, path: str, faults: Faults, kinds: _Kinds, activities: set[str]) -> Context:
    known = ("registration", "instructor", "team", "platform", "language", *CONTEXT_ACTIVITIES)
    fields = Fields(value, path, faults, known)
    named = {
        role: fields.one_of(role, activities, "a family of activities")
        for role in CONTEXT_ACTIVITIES
        if fields.has(role)
    }
    return Context(
        fields.flag("registration"),
        fields.one_of("instructor", kinds.agents, "a family of agents"),
        fields.one_of("team", kinds.groups, "a family of groups"),
        fields.text("platform"),
        fields.text("language"),
        named,
    )
