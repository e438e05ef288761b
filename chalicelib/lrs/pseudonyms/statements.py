"""Puts statements that are stored under pseudonyms, and what others are found by through them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.lrs.data.shape import DataPage, fitting, whole
from chalicelib.lrs.jobs.machine.data import statements_of
from chalicelib.lrs.pseudonyms.replacing import pseudonymized, signatures_of
from chalicelib.lrs.statements.parts import keys_of
from chalicelib.lrs.statements.retargeting import Retargeting
from chalicelib.lrs.statements.rewriting import rewrite
from chalicelib.lrs.validation.equality import digest
from chalicelib.ports.statement_store import StatementRecord, StatementSearch
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices

PER_CHANGE = 100  # statements of up to 512 KiB that are held at once
SIGNATURES_PER_PAGE = 100  # freeing one is two searches and two deletions

Json = Mapping[str, object]
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class StatementsUnderPseudonyms:
    """The statements of a store that have none yet. Every call raises `Unavailable`."""

    def __init__(self, lrs: JobServices) -> None:
        self._lrs = lrs
        self._data = statements_of(lrs)

    def count(self, store: str, cutoff: int) -> int:
        """How many were stored up to the cutoff, what a batch is still writing left out."""
        return self._data.count_of(_search(store, cutoff, 0))

    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """A page of them, oldest first; the bytes of their signatures are named, for they will not be later."""
        records, page = self._data.records_of(_search(store, cutoff, limit), position)
        some = _with_few_signatures([(record, signatures_of(json.loads(record.text))) for record in records])
        items = fitting(some, lambda each: _item(*each))
        if len(items) < len(records):
            return DataPage(items, {**page.next, "after": records[len(items) - 1].stored}, False)
        return replace(page, items=items)

    def replace(self, store: str, items: Sequence[Json]) -> list[str]:
        """Puts these under pseudonyms, unless another has the id of one meanwhile; may be done again.

        The ids of those that the store does not take as they would be.
        """
        lrs = self._lrs
        refused: list[str] = []
        for start in range(0, len(items), PER_CHANGE):
            refused += self._change(store, items[start : start + PER_CHANGE])
        names = [str(item["id"]) for item in items]
        referring = [str(item["id"]) for item in items if item.get("refers")]
        Retargeting(lrs.statement_store, lrs.record_clock, lrs.clock).renew(store, names, referring)
        # Before bytes are freed: who reads a list from now on finds no signature.
        lrs.record_clock.touch(store)
        hashes = dict.fromkeys(sha2 for item in items for sha2 in _texts(item, "signatures"))
        lrs.attachments.free(store, hashes, lambda sha2: lrs.settling.refers_to_bytes(store, sha2))
        return refused

    def _change(self, store: str, items: Sequence[Json]) -> list[str]:
        """The ids of those that are refused."""
        stored = {str(item["id"]): whole(item["stored"]) for item in items}

        def made(found: Sequence[StatementRecord]) -> list[StatementRecord]:
            return [
                self._under_pseudonyms(record)
                for record in found
                if record.stored == stored[record.id] and not record.pseudonymized
            ]

        lrs = self._lrs
        return list(rewrite(lrs.statement_store, lrs.clock, store, list(stored), made).refused)

    def _under_pseudonyms(self, record: StatementRecord) -> StatementRecord:
        value = json.loads(record.text)
        made = pseudonymized(value, self._lrs.pseudonyms)
        gone = signatures_of(value)
        if record.valid is False:
            # What was wrong may be gone, and its description may repeat what was sent: it is checked again.
            record = replace(record, validated=False, valid=None, faults=())
        return replace(
            record,
            text=_encode(made),
            digest=digest(_as_sent(made)),
            keys=keys_of(made),
            attachments=tuple(sha2 for sha2 in record.attachments if sha2 not in gone),
            pseudonymized=True,
            updated=max(microseconds(self._lrs.clock.now()), record.updated + 1),
        )


def _search(store: str, upto: int, limit: int) -> StatementSearch:
    return StatementSearch(store, upto=upto, limit=limit, voided=None, pseudonymized=False)


def _as_sent(statement: Json) -> dict[str, object]:
    """Without the timestamp where the store set it: the time at which it was stored."""
    same = statement.get("timestamp") == statement.get("stored")
    return {name: value for name, value in statement.items() if not (same and name == "timestamp")}


def _item(record: StatementRecord, signatures: Sequence[str]) -> Json:
    item: dict[str, object] = {"id": record.id, "stored": record.stored}
    if record.refers_to is not None:
        item["refers"] = True
    if signatures:
        item["signatures"] = list(signatures)
    return item


def _with_few_signatures(
    found: Sequence[tuple[StatementRecord, list[str]]],
) -> Sequence[tuple[StatementRecord, list[str]]]:
    """As many as have few signatures together; one at least."""
    count = 0
    for place, (_, signatures) in enumerate(found):
        count += len(signatures)
        if place and count > SIGNATURES_PER_PAGE:
            return found[:place]
    return found


def _texts(item: Json, name: str) -> list[str]:
    value = item.get(name, ())
    return [str(each) for each in value] if isinstance(value, list) else []
