"""The three document resources, and documents of a check in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.lrs.conformance.exchange import Answer
from chalicelib.lrs.conformance.probe import Headers, Probe

NEW = {"If-None-Match": "*"}


@dataclass(frozen=True)
class Resource:
    """A document resource: its name in the requirements, its path and its parameters."""

    name: str
    path: str
    id_name: str
    parameters: tuple[str, ...]


STATE = Resource("State", "/activities/state", "stateId", ("activityId", "agent"))
AGENT_PROFILE = Resource("Agent Profile", "/agents/profile", "profileId", ("agent",))
ACTIVITY_PROFILE = Resource("Activity Profile", "/activities/profile", "profileId", ("activityId",))
RESOURCES = {resource.name: resource for resource in (STATE, AGENT_PROFILE, ACTIVITY_PROFILE)}


class Shelf:
    """Documents of one check in one resource; each is gone before the check begins, and after it."""

    def __init__(self, probe: Probe, resource: Resource) -> None:
        self.probe, self.resource = probe, resource

    @property
    def context(self) -> dict[str, str]:
        """The parameters of all documents of the check, without the id of one."""
        values = {
            "activityId": self.probe.iri(self.resource.name.replace(" ", "-")),
            "agent": json.dumps(self.probe.agent(self.resource.name)),
        }
        return {name: values[name] for name in self.resource.parameters}

    def place(self, name: str = "one", **more: str) -> dict[str, str]:
        """The query of a document, which is cleaned up."""
        query = {**self.context, self.resource.id_name: name, **more}
        self.probe.keep_clean(self.resource.path, query)
        return query

    def call(
        self, method: str, query: Mapping[str, str], body: object = None, headers: Headers | None = None
    ) -> Answer:
        """One request to the resource."""
        return self.probe.call(method, self.resource.path, query, body, headers)

    def put(self, query: Mapping[str, str], body: object, headers: Headers | None = None) -> Answer:
        """Stores a document that is not there yet, which must succeed."""
        return self.call("PUT", query, body, {**NEW, **(headers or {})}).expect(204)

    def shows(self, query: Mapping[str, str], body: bytes, media_type: str) -> Answer:
        """The document as it is shown, which must be these bytes of this type."""
        answer = self.call("GET", query).expect(200)
        answer.must(answer.body == body, f"the document with the bytes that were sent, {body[:200]!r}")
        came = answer.header("Content-Type")
        same = came.replace(" ", "").lower() == media_type.replace(" ", "").lower()
        answer.must(same, f"the Content-Type {media_type}", came)
        return answer

    def holds(self, query: Mapping[str, str], value: object) -> None:
        """Fails unless the document is JSON of this value."""
        answer = self.call("GET", query).expect(200)
        answer.must(answer.json == value, f"the document {json.dumps(value)}")

    def gone(self, query: Mapping[str, str]) -> None:
        """Fails unless the document is not there."""
        self.call("GET", query).expect(404, because="this document is not there")

    def lists(self, *names: str, **more: str) -> None:
        """Fails unless exactly these ids are listed."""
        answer = self.call("GET", {**self.context, **more}).expect(200)
        found = answer.json
        answer.must(
            isinstance(found, list) and sorted(map(str, found)) == sorted(names),
            f"a list of the ids {sorted(names)}",
        )
