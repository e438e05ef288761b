"""The parts of a statement: its agents, activities, verbs and attachments, each with its role, and the keys of both.

Reads any JSON object: what has another form than a statement's part is left out (unchecked statements are recorded
too). Sources: xAPI 1.0.3 Data 2.4 and Communication 2.1.3; IEEE 9274.1.1 4.2.2 (contextAgents, contextGroups).
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from chalicelib.lrs.keys import agent_key, key
from chalicelib.ports.statement_store import Keys

AgentRole = Literal["actor", "object", "authority", "instructor", "team", "contextAgents", "contextGroups"]
ActivityRole = Literal["object", "parent", "grouping", "category", "other"]
Json = Mapping[str, object]

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
"""The verb of a statement that voids another."""

ACTIVITY_CONTEXTS: tuple[ActivityRole, ...] = ("parent", "grouping", "category", "other")


class AgentPart(NamedTuple):
    """An agent or group as it stands in a statement.

    `member`: it is a member of the group that has this role. `within`: it is in the SubStatement. `key` None: an
    anonymous group.
    """

    role: AgentRole
    value: Json
    key: str | None
    member: bool = False
    within: bool = False


class ActivityPart(NamedTuple):
    """An activity as it stands in a statement; `within`: in the SubStatement."""

    role: ActivityRole
    value: Json
    id: str
    within: bool = False


class VerbPart(NamedTuple):
    """A verb as it stands in a statement, with its display."""

    value: Json
    id: str
    within: bool = False


class Parts(NamedTuple):
    """All parts of a statement in the order in which they stand; the same agent or activity may stand often.

    `usage_types`: of attachments. `registration`: of the statement's own context.
    """

    agents: tuple[AgentPart, ...]
    activities: tuple[ActivityPart, ...]
    verbs: tuple[VerbPart, ...]
    usage_types: tuple[str, ...]
    registration: str | None

    @property
    def verb_ids(self) -> tuple[str, ...]:
        """The ids of the statement's verb and its SubStatement's."""
        return tuple(verb.id for verb in self.verbs)

    @property
    def count_named(self) -> int:
        """How many agents, activities, verbs and usage types are named, the same ones again and again included."""
        return len(self.agents) + len(self.activities) + len(self.verbs) + len(self.usage_types)


def parts(statement: Json) -> Parts:
    """Walks over a statement once."""
    walk = _Walk()
    walk.over(statement, within=False)
    context = statement.get("context")
    registration = context.get("registration") if isinstance(context, dict) else None
    return Parts(
        tuple(walk.agents),
        tuple(walk.activities),
        tuple(walk.verbs),
        tuple(walk.usage_types),
        registration if isinstance(registration, str) else None,
    )


def registration_key(registration: str) -> str:
    """What a filter compares of a registration: a UUID is the same in capitals and small letters (RFC 4122, 3)."""
    return key(registration.lower())


def keys_of(statement: Json) -> Keys:
    """What the filters of a query match in this statement."""
    return keys_in(parts(statement))


def keys_in(found: Parts) -> Keys:
    """The same of a statement whose parts are known already."""
    agents: dict[str, None] = {}  # in order, each once
    related_agents: dict[str, None] = {}
    for agent in found.agents:
        if agent.key is None:
            continue
        related_agents[agent.key] = None
        if agent.role in ("actor", "object") and not agent.within:
            agents[agent.key] = None
    activities: dict[str, None] = {}
    related_activities: dict[str, None] = {}
    for activity in found.activities:
        name = key(activity.id)
        related_activities[name] = None
        if activity.role == "object" and not activity.within:
            activities[name] = None
    return Keys(
        verb=next((key(part.id) for part in found.verbs if not part.within), ""),
        registration=None if found.registration is None else registration_key(found.registration),
        agents=tuple(agents),
        related_agents=tuple(related_agents),
        activities=tuple(activities),
        related_activities=tuple(related_activities),
    )


class _Walk:
    """Gathers the parts of a statement and of the SubStatement in it."""

    def __init__(self) -> None:
        self.agents: list[AgentPart] = []
        self.activities: list[ActivityPart] = []
        self.verbs: list[VerbPart] = []
        self.usage_types: list[str] = []

    def over(self, statement: Json, within: bool) -> None:
        self._agent("actor", statement.get("actor"), within)
        verb = statement.get("verb")
        if isinstance(verb, dict) and isinstance(name := verb.get("id"), str):
            self.verbs.append(VerbPart(verb, name, within))
        self._object(statement.get("object"), within)
        self._agent("authority", statement.get("authority"), within)
        context = statement.get("context")
        if isinstance(context, dict):
            self._context(context, within)
        for attachment in _listed(statement.get("attachments")):
            if isinstance(usage := attachment.get("usageType"), str):
                self.usage_types.append(usage)

    def _object(self, value: object, within: bool) -> None:
        if not isinstance(value, dict):
            return
        kind = value.get("objectType", "Activity")
        if kind in ("Agent", "Group"):
            self._agent("object", value, within)
        elif kind == "Activity":
            self._activity("object", value, within)
        elif kind == "SubStatement" and not within:
            self.over(value, within=True)

    def _context(self, context: Json, within: bool) -> None:
        self._agent("instructor", context.get("instructor"), within)
        self._agent("team", context.get("team"), within)
        for each in _listed(context.get("contextAgents")):
            self._agent("contextAgents", each.get("agent"), within)
        for each in _listed(context.get("contextGroups")):
            self._agent("contextGroups", each.get("group"), within)
        activities = context.get("contextActivities")
        if isinstance(activities, dict):
            for role in ACTIVITY_CONTEXTS:
                value = activities.get(role)
                for activity in [value] if isinstance(value, dict) else _listed(value):
                    self._activity(role, activity, within)

    def _agent(self, role: AgentRole, value: object, within: bool) -> None:
        if not isinstance(value, dict):
            return
        self.agents.append(AgentPart(role, value, agent_key(value), False, within))
        members = value.get("member")
        if members:
            for member in _listed(members):
                self.agents.append(AgentPart(role, member, agent_key(member), True, within))

    def _activity(self, role: ActivityRole, value: Json, within: bool) -> None:
        if isinstance(name := value.get("id"), str):
            self.activities.append(ActivityPart(role, value, name, within))


def _listed(value: object) -> Sequence[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else ()
