"""The door for bearers of cmi5 tokens: what a call is about must be the session's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.lrs import strict_json
from chalicelib.lrs.cmi5.rules import NotOfTheSession, Target, may, may_come_from
from chalicelib.lrs.keys import agent_key
from chalicelib.web.lrs.route import XAPI

if TYPE_CHECKING:
    from chalicelib.web.call import Call


def check(call: Call) -> None:
    """Lets a bearer's call pass, or raises `NotOfTheSession` with the reason.

    Of statements only the origin is checked here: their handlers know what is asked for, and what is sent.
    """
    session = call.principal.cmi5
    if session is None:
        return
    may_come_from(session, call.headers.get("origin"))
    resource = call.route.path.removeprefix(f"{XAPI}/")
    if resource == call.route.path:
        raise NotOfTheSession("it is for xAPI alone.")
    if resource != "statements":
        may(session, resource, call.method not in ("GET", "HEAD"), _target(call.query))


def _target(query: Mapping[str, str]) -> Target:
    return Target(
        agent=_agent(query.get("agent")),
        activity=query.get("activityId"),
        registration=query.get("registration"),
        document=query.get("stateId", query.get("profileId")),
    )


def _agent(text: str | None) -> str | None:
    """The key of an agent in a query; None for what is none."""
    try:
        value = None if text is None else strict_json.parse(text, what="The agent")
    except strict_json.InvalidJson:
        return None
    return agent_key(value) if isinstance(value, Mapping) else None
