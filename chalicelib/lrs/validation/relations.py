"""Rules about several properties of one object. Each takes the object whatever its properties are."""

from collections.abc import Mapping
from typing import Any

from chalicelib.lrs.validation.data_types import is_number
from chalicelib.lrs.validation.equality import SIGNATURE_USAGE
from chalicelib.lrs.validation.faults import Place, Report

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
IDENTIFIER_NAMES = ("mbox", "mbox_sha1sum", "openid", "account")

COMPONENTS_OF: Mapping[str, tuple[str, ...]] = {
    "true-false": (),
    "choice": ("choices",),
    "fill-in": (),
    "long-fill-in": (),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "numeric": (),
    "other": (),
}
INTERACTION_TYPES = tuple(COMPONENTS_OF)
COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")

_ONE = "must have exactly one of mbox, mbox_sha1sum, openid, account"


def _identifiers(value: Mapping[str, Any]) -> int:
    return ("mbox" in value) + ("mbox_sha1sum" in value) + ("openid" in value) + ("account" in value)


def one_identifier(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """An Agent has exactly one inverse functional identifier (Data 2.4.2.1)."""
    if _identifiers(value) != 1:
        report.add(at, _ONE, "XAPI-00034")


def group_with_identifier(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """An Identified Group has exactly one (Data 2.4.2.2)."""
    if _identifiers(value) != 1:
        report.add(at, _ONE, "XAPI-00037")


def members_or_identifier(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """A Group has one identifier, or none and members (Data 2.4.2.2)."""
    count = _identifiers(value)
    if count > 1:
        report.add(at, _ONE, "XAPI-00037")
    elif not count and not value.get("member"):
        report.add(at, "must have members, or one of mbox, mbox_sha1sum, openid, account", "XAPI-00035")


def consumer_and_user(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """An authority that is a Group is an application and its user, without a name of their own (Data 2.4.9)."""
    members = value.get("member")
    if _identifiers(value):
        report.add(at, "must be an Agent, or a Group without identifier", "XAPI-00100")
    if not isinstance(members, list) or len(members) != 2:
        report.add((at, "member"), "must be two Agents: an OAuth consumer and a user", "XAPI-00098")
    elif not any(isinstance(member, dict) and "account" in member for member in members):
        report.add((at, "member"), "must have an Agent with account: the OAuth consumer", "XAPI-00100")


def no_actor(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """An Agent or Group that is an object says so; else it is taken for an Activity (Data 2.4.4.2)."""
    if "id" not in value and "objectType" not in value and (_identifiers(value) or "member" in value):
        report.add(
            (at, "objectType"), "is missing; an Agent or Group must say here which it is", "XAPI-00065"
        )


def interaction(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """The properties of an interaction need its type, and lists are those of that type (Data 2.4.4.1)."""
    kind = value.get("interactionType")
    if "interactionType" in value:
        allowed = COMPONENTS_OF.get(kind, COMPONENT_LISTS) if isinstance(kind, str) else COMPONENT_LISTS
        for name in COMPONENT_LISTS:
            if name in value and name not in allowed:
                report.add(
                    (at, name),
                    f"must not be there where interactionType is {kind}",
                    "xAPI 1.0.3, Data 2.4.4.1",
                )
        return
    for name in ("correctResponsesPattern", *COMPONENT_LISTS):
        if name in value:
            report.add((at, name), "needs an interactionType beside it", "XAPI-00064")


def distinct_components(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """Within a list of interaction components no id stands twice (Data 2.4.4.1)."""
    if "interactionType" not in value:
        return
    for name in COMPONENT_LISTS:
        components = value.get(name)
        seen: set[str] = set()
        for index, component in enumerate(components if isinstance(components, list) else ()):
            found = component.get("id") if isinstance(component, dict) else None
            if isinstance(found, str):
                if found in seen:
                    report.add(
                        (((at, name), index), "id"),
                        "must not be the id of another in the list",
                        "xAPI 1.0.3, Data 2.4.4.1",
                    )
                seen.add(found)


def score_bounds(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """`min` is below `max`, and `raw` within them (Data 2.4.5.1)."""
    low, high, raw = value.get("min"), value.get("max"), value.get("raw")
    low = low if is_number(low) else None
    high = high if is_number(high) else None
    if low is not None and high is not None and low >= high:
        report.add((at, "min"), "must be less than max", "XAPI-00081")
    if not is_number(raw):
        return
    if low is not None and raw < low:
        report.add((at, "raw"), "must not be less than min", "XAPI-00082")
    if high is not None and raw > high:
        report.add((at, "raw"), "must not be greater than max", "XAPI-00082")


def voiding(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """What voids refers to a statement (Data 2.3.2)."""
    verb = value.get("verb")
    if not isinstance(verb, dict) or verb.get("id") != VOIDED:
        return
    target = value.get("object")
    if not isinstance(target, dict) or target.get("objectType") != "StatementRef":
        report.add((at, "object"), "must be a StatementRef, because the verb is voided", "XAPI-00017")


def only_of_activities(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """`revision` and `platform` are those of an Activity (Data 2.4.6)."""
    context = value.get("context")
    if not isinstance(context, dict):
        return
    target = value.get("object")
    if not isinstance(target, dict) or target.get("objectType", "Activity") == "Activity":
        return
    for name, requirement in (("revision", "XAPI-00084"), ("platform", "XAPI-00085")):
        if name in context:
            report.add(
                ((at, "context"), name), "must not be there unless the object is an Activity", requirement
            )


def signature_type(value: Mapping[str, Any], at: Place, report: Report) -> None:
    """An attachment that is a signature is of this type (Data 2.6)."""
    if value.get("usageType") != SIGNATURE_USAGE:
        return
    found = value.get("contentType")
    if isinstance(found, str) and found.lower() != "application/octet-stream":
        report.add(
            (at, "contentType"), "must be application/octet-stream, because it is a signature", "XAPI-00115"
        )
