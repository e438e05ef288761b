"""Gives states and agent profiles that are stored to pseudonyms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.lrs.data.documents import document_of
from chalicelib.lrs.data.shape import DataPage, Json
from chalicelib.lrs.jobs.machine.data import documents_of
from chalicelib.ports.documents import PART

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.documents import Document, DocumentService

TRIES = 20  # at a document whose new place others change at the same moment
PAUSE_SECONDS = 0.02


class DocumentsUnderPseudonyms:
    """The documents of one kind that have an agent. Every call raises `Unavailable`."""

    def __init__(self, service: DocumentService, lrs: JobServices) -> None:
        self._service: DocumentService = service
        self._lrs = lrs
        self.data = documents_of(lrs, service)

    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """A page of those that are no pseudonym's, in the order in which they were first stored."""
        page = self.data.page(store, cutoff, position, limit)
        own = self._lrs.pseudonyms
        return replace(page, items=[item for item in page.items if not own.is_pseudonym(str(item["agent"]))])

    def give(self, store: str, items: Sequence[Json]) -> list[str]:
        """Gives these to the pseudonyms of their agents; may be done again.

        The names of those that stay, because they were changed meanwhile.
        """
        return [self.data.shown(item) for item in items if not self._give(store, item)]

    def _give(self, store: str, item: Json) -> bool:
        name = document_of(store, self._service, item).name
        for _ in range(TRIES):
            current = self._lrs.document_store.get(name)
            if current is None:
                return True
            if current.write != item["write"]:
                return False
            if self._lrs.documents.rekey(current, self._agent(current)):
                return True
            self._lrs.clock.sleep(PAUSE_SECONDS)
        raise Unavailable(PART, "others kept changing a document")

    def _agent(self, document: Document) -> Json:
        """Its agent under the pseudonym of the key by which it is kept."""
        said = json.loads(document.agent)
        group = isinstance(said, dict) and said.get("objectType") == "Group"
        identity = self._lrs.pseudonyms.identity(document.name.context.agent)
        return {"objectType": "Group" if group else "Agent", **identity}
