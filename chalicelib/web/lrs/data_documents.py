"""Documents in the Data API: which states and profiles a store has. Their contents are read through xAPI.

Filters have the names that xAPI gives them, and `pseudonymized` and `type` (of the content, without parameters).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.lrs.documents.service import cursor_behind
from chalicelib.lrs.keys import agent_key
from chalicelib.ports.documents import Document, DocumentService
from chalicelib.times import written
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.data import DATA, PERMISSIONS, list_name
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE, fitting, listed
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import LrsRoute

_QUERY = frozenset(("since", "until", "limit", "cursor", "pseudonymized", "type"))
_SERVICES: dict[DocumentService, frozenset[str]] = {
    "states": frozenset(("agent", "activityId", "registration", "stateId")),
    "activity-profiles": frozenset(("activityId", "profileId")),
    "agent-profiles": frozenset(("agent", "profileId")),
}


@dataclass(frozen=True)
class _Wanted:
    """All that is given must hold; times are microseconds, `since` exclusive, `until` inclusive, of `stored`."""

    agent: str | None
    activity: str | None
    registration: str | None
    id: str | None
    since: int | None
    until: int | None
    pseudonymized: bool | None
    type: str | None

    def holds(self, document: Document) -> bool:
        name = document.name
        equal = (
            (self.agent, name.context.agent),
            (self.activity, name.context.activity),
            (self.registration, name.registration),
            (self.id, name.id),
            (self.pseudonymized, document.pseudonymized),
            (self.type, document.content_type.partition(";")[0].strip().lower()),
        )
        return (
            all(wanted in (None, found) for wanted, found in equal)
            and (self.since is None or document.stored > self.since)
            and (self.until is None or document.stored <= self.until)
        )


def documents_of(service: DocumentService) -> Callable[[Call], Answer]:
    """The call that lists the documents of a service, the one that was stored first in front."""

    def documents(call: Call) -> Answer:
        parameters = Parameters(call)
        agent = parameters.agent("agent", groups=True)
        registration, kind = parameters.uuid("registration"), parameters.text("type")
        wanted = _Wanted(
            agent=None if agent is None else agent_key(agent),
            activity=parameters.iri("activityId"),
            registration=None if registration is None else registration.lower(),
            id=parameters.text("stateId" if service == "states" else "profileId"),
            since=parameters.time("since"),
            until=parameters.time("until"),
            pseudonymized=parameters.flag("pseudonymized"),
            type=None if kind is None else kind.lower(),
        )
        limit = parameters.whole("limit", 1, MOST_PER_PAGE, LIMIT)
        parameters.check()
        store, cursor = call.principal.store, parameters.text("cursor")
        page = call.services.lrs.documents.listing(store, service, wanted.holds, cursor, limit)
        items = [_shown(document) for document in page.documents]
        count = fitting(items)
        behind = page.cursor if count == len(items) else cursor_behind(page.documents[count - 1])
        return listed(items[:count], behind)

    return documents


def _shown(document: Document) -> dict[str, object]:
    name = document.name
    context = name.context
    return {
        "stateId" if context.service == "states" else "profileId": name.id,
        **({"agent": json.loads(document.agent)} if document.agent else {}),
        **({"activityId": context.activity} if context.activity else {}),
        **({"registration": name.registration} if name.registration else {}),
        "contentType": document.content_type,
        "size": document.size,
        "etag": document.etag,
        "pseudonymized": document.pseudonymized,
        "client": document.client,
        "stored": written(document.stored),
        "updated": written(document.updated),
    }


ROUTES = tuple(
    LrsRoute(
        "GET",
        f"{DATA}/{service}",
        list_name(service),
        documents_of(service),
        PERMISSIONS,
        _QUERY | names,
        switch="data_api",
    )
    for service, names in _SERVICES.items()
)
