"""Statements in OpenSearch: a document each in the index behind `<prefix>-statements`, marks in `<prefix>-marks`.

`opensearch_statement_mapping` has the form of both, `opensearch_statement_queries` the searches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.adapters import opensearch_statement_mapping as form
from chalicelib.adapters import opensearch_statement_queries as queries
from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.adapters.opensearch_index import OTHER_FORM, SEARCH_PATH, SearchIndex, reason_of
from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import (
    PART,
    Mark,
    Outcome,
    PageEnd,
    Rejected,
    Revision,
    StatementRecord,
    StatementSearch,
    Stored,
    Taken,
    Unsure,
)

_ANSWER = (
    "errors,items.*.status,items.*._seq_no,items.*._primary_term,items.*.error.type,items.*.error.reason"
)
_UNENCODABLE = Rejected("half of a surrogate pair cannot be stored")


class OpenSearchStatements:
    """The `StatementStore` on OpenSearch.

    The indexes are made when a write finds none, or by `ensure_indexes` at deployment; `replicas` None leaves their
    number to the cluster.
    """

    def __init__(self, transport: Transport, prefix: str, replicas: int | None = None) -> None:
        copies = {} if replicas is None else {"number_of_replicas": replicas}
        self._statements = SearchIndex(
            transport, f"{prefix}-statements", PART, form.MAPPING, {**form.SETTINGS, **copies}, answer=_ANSWER
        )
        self._marks = SearchIndex(
            transport,
            f"{prefix}-marks",
            PART,
            form.MARK_MAPPING,
            {**form.MARK_SETTINGS, **copies},
            answer=_ANSWER,
        )

    def create(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        """One bulk request, or several if the statements are more than 5 MiB."""
        return self._write(records, lambda record: form.lines(record, None))

    def get_many(self, store: str, ids: Sequence[str]) -> dict[str, StatementRecord]:
        """One multi-get per thousand ids; an index that does not exist yet holds nothing."""
        found = self._statements.get([form.document_id(store, name) for name in ids])
        with self._statements.expected_form():
            records = [form.record_of(stored) for stored in found.values()]
            return {record.id: record for record in records}

    def update(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        """As `create`, each over the version that was read."""
        return self._write(records, lambda record: form.lines(record, form.read_revision(record)))

    def remove(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        """One bulk request, and a multi-get if a version was not found: is the document another, or gone?"""
        items = self._statements.write([form.removal(record) for record in records])
        outcomes = [_outcome(item) for item in items]
        beaten = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Taken)]
        if beaten:
            ids = {place: form.document_id(records[place].store, records[place].id) for place in beaten}
            try:
                there = self._statements.get(list(ids.values()))
            except Unavailable as error:
                return [Unsure(error.reason) if place in ids else each for place, each in enumerate(outcomes)]
            for place, name in ids.items():
                revision = records[place].revision
                if name not in there and revision is not None:
                    outcomes[place] = Stored(revision)
        return outcomes

    def refresh(self) -> None:
        """Refreshes every shard of the index."""
        self._statements.refresh()

    def search(self, search: StatementSearch) -> list[StatementRecord]:
        """One search, or a few where the oldest of many are asked for; a page has at most 10,000."""
        found = self._page(search)
        if not queries.finds_too_much(search):
            return found
        matches: list[StatementRecord] = []
        while True:
            matches += [record for record in found if queries.is_match(search, record)]
            if len(matches) >= search.limit or len(found) < min(search.limit, queries.MOST_HITS):
                return matches[: search.limit]
            found = self._page(replace(search, after=found[-1].stored))

    def page_end(self, search: StatementSearch) -> PageEnd:
        """One search that fetches a single document: the last of the page."""
        limit = min(search.limit, queries.MOST_HITS)
        answer = self._statements.read(
            f"{SEARCH_PATH}&filter_path=hits.total,hits.hits.sort,_shards", queries.last_of_page(search)
        )
        with self._statements.expected_form():
            if answer["_shards"]["total"] == 0:  # there is no index yet
                return PageEnd(0, None)
            found = answer["hits"]
            if found.get("hits"):
                return PageEnd(limit, int(found["hits"][0]["sort"][0]))
            return PageEnd(int(found["total"]["value"]), None)

    def remove_found(self, search: StatementSearch) -> bool:
        """One deletion by query."""
        return self._statements.delete_found(queries.matches(search))

    def matches(self, search: StatementSearch) -> int:
        """One count."""
        answer = self._statements.read("_count?ignore_unavailable=true", queries.matches(search))
        with self._statements.expected_form():
            return int(answer["count"])

    def of_batch(self, store: str, batch: str, limit: int) -> list[StatementRecord]:
        """A refresh and a search, oldest first."""
        return self.of_batches(store, [batch], limit)

    def of_batches(self, store: str, batches: Sequence[str], limit: int) -> list[StatementRecord]:
        """A refresh and a search, oldest first."""
        self.refresh()
        return self._found(queries.matching(store, "batch", batches, limit))

    def referring_to(self, store: str, ids: Sequence[str], limit: int) -> dict[str, str]:
        """A refresh and a search, oldest first, that fetches nothing but this."""
        self.refresh()
        hits = self._statements.search(queries.referring(store, ids, limit))
        with self._statements.expected_form():
            return {form.name_of(hit): str(hit["_source"]["refers_to"]) for hit in hits}

    def attached(self, store: str, sha256: str) -> bool:
        """A refresh and a search that fetches nothing."""
        self.refresh()
        return bool(self._statements.search(queries.whether_any(store, "attachments", sha256)))

    def get_marks(self, store: str, targets: Sequence[str]) -> dict[str, Mark]:
        """One multi-get per thousand ids."""
        found = self._marks.get([form.document_id(store, target) for target in targets])
        with self._marks.expected_form():
            marks = [form.mark_of(stored) for stored in found.values()]
            return {mark.target: mark for mark in marks}

    def put_mark(self, store: str, mark: Mark) -> Outcome:
        """A bulk request of one document."""
        try:
            action = form.mark_lines(store, mark)
        except UnicodeEncodeError:
            return _UNENCODABLE
        return _outcome(self._marks.write([action])[0])

    def clear_store(self, store: str, limit: int) -> int:
        """A refresh and a deletion by query in both indexes."""
        gone = 0
        for index in (self._statements, self._marks):
            index.refresh()
            if gone < limit:
                gone += index.delete(queries.all_of(store), limit - gone)
        return gone

    def count(self, store: str) -> int:
        """One count."""
        answer = self._statements.read("_count?ignore_unavailable=true", queries.all_of(store))
        with self._statements.expected_form():
            return int(answer["count"])

    def ensure_indexes(self) -> None:
        """Makes both indexes unless they are there, and adds the fields that a newer release brings.

        May run many times at once. Raises `Unavailable` with the reason.
        """
        for index in (self._statements, self._marks):
            index.ensure()
            index.extend()

    def _write(
        self, records: Sequence[StatementRecord], lines: Callable[[StatementRecord], bytes]
    ) -> list[Outcome]:
        outcomes: list[Outcome] = [Unsure("not sent")] * len(records)
        places, actions = [], []
        for place, record in enumerate(records):
            try:
                actions.append(lines(record))
                places.append(place)
            except UnicodeEncodeError:
                outcomes[place] = _UNENCODABLE
        for place, item in zip(places, self._statements.write(actions), strict=True):
            outcomes[place] = _outcome(item)
        return outcomes

    def _page(self, search: StatementSearch) -> list[StatementRecord]:
        """A page of what the engine finds."""
        if not search.ascending or self._has_few(search):
            return self._hits(search)
        position = queries.position(search)
        if position is None:
            position = self._before_the_oldest(search)
        found: list[StatementRecord] = []
        for end in queries.window_ends(position, queries.end(search)):
            window = replace(search, since=position, until=end, limit=search.limit - len(found))
            found += self._hits(window)
            if len(found) >= search.limit:
                break
            position = end
        return found

    def _has_few(self, search: StatementSearch) -> bool:
        answer = self._statements.read(
            f"{SEARCH_PATH}&filter_path=hits.total,_shards", queries.how_many(search)
        )
        with self._statements.expected_form():
            return not answer.get("hits") or int(answer["hits"]["total"]["value"]) < queries.MANY

    def _before_the_oldest(self, search: StatementSearch) -> int:
        """The time before the first statement that a search finds; of one that finds none any more, the last time."""
        answer = self._statements.read(
            f"{SEARCH_PATH}&filter_path=aggregations,_shards", queries.oldest(search)
        )
        with self._statements.expected_form():
            oldest = answer["aggregations"]["oldest"]["value"]
            return queries.end(search) if oldest is None else int(oldest) - 1

    def _hits(self, search: StatementSearch) -> list[StatementRecord]:
        read = form.brief_record_of if queries.is_brief(search) else form.record_of
        return self._found(queries.page(search), read)

    def _found(
        self, body: bytes, read: Callable[[Mapping[str, Any]], StatementRecord] = form.record_of
    ) -> list[StatementRecord]:
        hits = self._statements.search(body)
        with self._statements.expected_form():
            return [read(hit) for hit in hits]


def _outcome(item: Mapping[str, Any]) -> Outcome:
    """What became of one write, from its item in the answer to a bulk request."""
    status = item["status"]
    try:
        if status in (200, 201):
            return Stored(Revision(item["_seq_no"], item["_primary_term"]))
        if status == 404 and "error" not in item and "failure" not in item:  # to be deleted, and gone
            return Stored(Revision(item["_seq_no"], item["_primary_term"]))
    except OTHER_FORM:
        return Unsure("an answer of another form")
    if status == 409 and "failure" not in item:
        return Taken()
    if status in (400, 413):
        return Rejected(reason_of(item))
    return Unsure(reason_of(item))
