"""What the bearer of a cmi5 token may do: act for its own agent and activity, and never void.

A client without a token (`session` None) may do all that its permissions allow. Sources: cmi5 7.1, 9, 10, 11, 12.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from chalicelib.errors import Forbidden
from chalicelib.lrs.access.principal import Cmi5Session
from chalicelib.lrs.cmi5 import origin as origins
from chalicelib.lrs.keys import agent_key, key
from chalicelib.lrs.statements.parts import VOIDED, keys_of, registration_key
from chalicelib.lrs.statements.query import StatementQuery

LAUNCH_DATA = "LMS.LaunchData"
LEARNER_PREFERENCES = "cmi5LearnerPreferences"
CMI5_CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
_VERBS = "http://adlnet.gov/expapi/verbs/"
AU_VERBS = frozenset(
    f"{_VERBS}{name}" for name in ("initialized", "completed", "passed", "failed", "terminated")
)
"""The verbs of cmi5 defined statements that an assignable unit sends; the others are the LMS's."""


class NotOfTheSession(Forbidden):
    """A cmi5 token does not allow this; answered with 403."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This cmi5 token does not allow that: {reason}")


@dataclass(frozen=True)
class Target:
    """What a call on a document, an agent or an activity is about; None: it does not say.

    `agent`: its key. `document`: stateId or profileId.
    """

    agent: str | None = None
    activity: str | None = None
    registration: str | None = None
    document: str | None = None


@dataclass(frozen=True)
class Rule:
    """What must be the session's own, and which documents may be touched.

    `only`: the one document. `never`: the one that must stay; a call that names none would touch it as well.
    """

    agent: bool = False
    activity: bool = False
    registration: bool = False
    only: str | None = None
    never: str | None = None


_STATE = Rule(agent=True, activity=True, registration=True)
_PREFERENCES = Rule(agent=True, only=LEARNER_PREFERENCES)
_ACTIVITY = Rule(activity=True)

# (xAPI resource, whether it writes) → rule. What does not stand here is refused.
RULES: Mapping[tuple[str, bool], Rule] = {
    ("activities/state", False): _STATE,
    # The launch data is the LMS's (10.2.1).
    ("activities/state", True): replace(_STATE, never=LAUNCH_DATA),
    ("activities/profile", False): _ACTIVITY,
    ("activities/profile", True): _ACTIVITY,
    ("agents/profile", False): _PREFERENCES,
    ("agents/profile", True): _PREFERENCES,
    ("activities", False): _ACTIVITY,
    ("agents", False): Rule(agent=True),
}


def may(session: Cmi5Session | None, resource: str, writes: bool, target: Target) -> None:
    """Lets a call on an xAPI resource other than statements pass, or raises `NotOfTheSession` with the reason."""
    if session is None:
        return
    rule = RULES.get((resource, writes))
    reason = "it is not for this resource." if rule is None else _broken(rule, session, target)
    if reason:
        raise NotOfTheSession(reason)


def _broken(rule: Rule, session: Cmi5Session, target: Target) -> str:
    """Which part of the rule does not hold; empty: it holds."""
    if rule.agent and target.agent != agent_key(session.agent):
        return "the agent must be that of the session."
    if rule.activity and target.activity != session.activity_id:
        return f"the activity must be {session.activity_id}."
    if rule.registration and not _is_registration(session, target.registration):
        return f"the registration must be {session.registration}."
    if rule.only is not None and target.document != rule.only:
        return f"the only document is {rule.only}."
    if rule.never is not None and target.document in (None, rule.never):
        return f"{rule.never} must not be changed or deleted."
    return ""


def _is_registration(session: Cmi5Session, registration: str | None) -> bool:
    if session.registration is None:
        return True
    return registration is not None and registration.lower() == session.registration.lower()


def may_come_from(session: Cmi5Session | None, origin: str | None) -> None:
    """Refuses the page of another origin; what is no browser sends none."""
    if session is None or not session.origin or origin is None:
        return
    if not origins.matches(session.origin, origin):
        raise NotOfTheSession(f"it is for pages of {session.origin}.")


def may_write(session: Cmi5Session | None, statements: Iterable[object]) -> None:
    """Lets statements be recorded, or raises `NotOfTheSession`: nothing of them may be then."""
    if session is None:
        return
    for number, statement in enumerate(statements):
        reason = _unwritable(session, statement if isinstance(statement, Mapping) else {})
        if reason:
            raise NotOfTheSession(f"in statement {number}, {reason}")


def _unwritable(session: Cmi5Session, statement: Mapping[str, object]) -> str:
    verb = _text(statement.get("verb"), "id")
    actor, about = statement.get("actor"), statement.get("object")
    if verb == VOIDED:
        return "the verb must not be voided."
    if (
        not isinstance(actor, Mapping)
        or _kind(actor, "Agent") != "Agent"
        or agent_key(actor) != agent_key(session.agent)
    ):
        return "the actor must be the agent of the session."
    if not isinstance(about, Mapping) or _kind(about, "Activity") != "Activity":
        return "the object must be an activity."
    keys = keys_of(statement)
    if session.registration is not None and keys.registration != registration_key(session.registration):
        return f"the registration must be {session.registration}."
    if _is_defined(statement):
        if verb not in AU_VERBS:
            return "a cmi5 defined statement of an assignable unit has one of its verbs (cmi5 9.3)."
        if about.get("id") != session.activity_id:
            return f"the object of a cmi5 defined statement must be {session.activity_id}."
    elif key(session.activity_id) not in keys.related_activities:
        return f"the object or a context activity must be {session.activity_id}."
    return ""


def _is_defined(statement: Mapping[str, object]) -> bool:
    """Whether it is a cmi5 defined statement: it says so by its category (7.1.3)."""
    context = statement.get("context")
    activities = context.get("contextActivities") if isinstance(context, Mapping) else None
    category = activities.get("category") if isinstance(activities, Mapping) else None
    listed = category if isinstance(category, list) else [category]
    return any(_text(each, "id") == CMI5_CATEGORY for each in listed)


def narrowed(session: Cmi5Session | None, query: StatementQuery) -> StatementQuery:
    """The query, for a session's own agent, activity and registration alone.

    What it leaves open is filled in. Raises `NotOfTheSession` where it asks for others'.
    """
    if session is None:
        return query
    agent, activity = agent_key(session.agent), key(session.activity_id)
    if query.agent not in (None, agent) or query.related_agents:
        raise NotOfTheSession("the agent must be that of the session, and related_agents not be set.")
    if query.activity not in (None, activity):
        raise NotOfTheSession(f"the activity must be {session.activity_id}.")
    registration = query.registration
    if session.registration is not None:
        registration = registration_key(session.registration)
        if query.registration not in (None, registration):
            raise NotOfTheSession(f"the registration must be {session.registration}.")
    return replace(query, agent=agent, activity=activity, registration=registration)


def may_read(session: Cmi5Session | None, statement: Mapping[str, object]) -> None:
    """Lets one statement, found by its id, be shown, or raises `NotOfTheSession`."""
    if session is None:
        return
    keys = keys_of(statement)
    own = agent_key(session.agent) in keys.agents and key(session.activity_id) in keys.related_activities
    if session.registration is not None:
        own = own and keys.registration == registration_key(session.registration)
    if not own:
        raise NotOfTheSession("the statement is not of its agent and activity.")


def _kind(value: Mapping[str, object], default: str) -> object:
    return value.get("objectType", default)


def _text(value: object, name: str) -> str | None:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else None
