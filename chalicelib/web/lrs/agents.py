"""The Agents Resource: the person of an agent (xAPI 1.0.3 Communication 2.4; IEEE 9274.1.1 4.1.6.3)."""

from __future__ import annotations

from chalicelib.lrs.access.permissions import giving, needed_by
from chalicelib.lrs.cmi5.rules import Target, may
from chalicelib.lrs.keys import agent_key
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import XAPI, LrsRoute


def person(call: Call) -> Answer:
    """Shows all that is known of an agent, and of those that are the same person."""
    parameters = Parameters(call)
    agent = parameters.agent("agent", required=True) or {}
    parameters.check()
    may(call.principal.cmi5, "agents", False, Target(agent=agent_key(agent)))
    return Answer(200, call.services.lrs.persons.describe(call.principal.store, agent))


ROUTES = (
    LrsRoute(
        "GET",
        f"{XAPI}/agents",
        "xapiGetAgents",
        person,
        giving(needed_by("agents", "GET")),
        frozenset(("agent",)),
    ),
)
