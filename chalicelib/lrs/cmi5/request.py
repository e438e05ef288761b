"""What a client says when it asks for a token."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import Invalid
from chalicelib.lrs.cmi5 import origin as origins
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.validation.data_types import is_iri, is_uuid
from chalicelib.lrs.versions import V1

FIELDS = ("activity_id", "agent", "origin", "registration")
LONGEST_ACTIVITY = 4096
LARGEST_AGENT = 16_384  # bytes of JSON; a name and an identifier


@dataclass(frozen=True)
class TokenRequest:
    """Whom and what a token is for, where its page comes from, and for which registration alone, if any."""

    activity_id: str
    agent: Mapping[str, object]
    origin: str
    registration: str | None = None

    @classmethod
    def read(cls, body: Mapping[str, object]) -> "TokenRequest":
        """Reads the fields of a request; the agent may be an object or its JSON. Raises `Invalid` with all faults."""
        faults: dict[str, list[str]] = {
            name: [f"The field {name} is not known."] for name in body.keys() - {*FIELDS}
        }
        activity = _activity(body.get("activity_id"), faults)
        agent = _agent(body.get("agent"), faults)
        origin = _origin(body.get("origin"), faults)
        registration = body.get("registration")
        if registration is not None and not is_uuid(registration):
            faults["registration"] = ["The registration field must be a UUID."]
        if faults:
            raise Invalid(dict(sorted(faults.items())))
        return cls(activity, agent, origin, None if registration is None else str(registration).lower())


def _activity(value: object, faults: dict[str, list[str]]) -> str:
    if value is None:
        faults["activity_id"] = ["The activity_id field is required."]
    elif not isinstance(value, str) or not is_iri(value) or len(value) > LONGEST_ACTIVITY:
        faults["activity_id"] = [
            f"The activity_id field must be an IRI of at most {LONGEST_ACTIVITY} characters."
        ]
    return str(value)


def _origin(value: object, faults: dict[str, list[str]]) -> str:
    if value is None:
        faults["origin"] = ["The origin field is required."]
        return ""
    found = origins.read(value) if isinstance(value, str) else None
    if found is None:
        faults["origin"] = [
            "The origin field must be an origin, such as https://lms.example.com, or its host alone."
        ]
    return found or ""


def _agent(value: object, faults: dict[str, list[str]]) -> Mapping[str, object]:
    if value is None:
        faults["agent"] = ["The agent field is required."]
        return {}
    given = value
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, dict):
        faults["agent"] = ["The agent field must be an xAPI Agent: an object, or its JSON as a text."]
        return {}
    from chalicelib.lrs import validation  # few calls need the checks

    found = validation.validate_agent(given, V1)
    if found:
        faults["agent"] = [f"{fault.path or 'agent'}: {fault.rule}" for fault in found]
    elif agent_key(given) is None:
        faults["agent"] = ["The agent must be identified, by account, mbox, mbox_sha1sum or openid."]
    elif len(json.dumps(given).encode()) > LARGEST_AGENT:
        faults["agent"] = [f"The agent must not be larger than {LARGEST_AGENT} bytes."]
    return given
