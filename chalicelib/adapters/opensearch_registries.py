"""Agents, activities and terms in OpenSearch: one index each, behind `<name>-agents`, `-activities` and `-terms`.

Document id: `<store>|<key>`, so that an entry is found in real time and made once. `opensearch_registry_mapping` has
the fields.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.adapters.opensearch_index import IDS_PER_READ, Item, SearchIndex, encode, reason_of
from chalicelib.adapters.opensearch_registry_mapping import SCHEMA, mapping
from chalicelib.errors import Unavailable
from chalicelib.ports.registries import (
    PART,
    REGISTRIES,
    EntryName,
    Registry,
    RegistryEntry,
    RegistrySearch,
)
from chalicelib.ports.statement_store import Outcome, Rejected, Revision, Stored, Taken, Unsure

_ANSWER = "errors,items.*.status,items.*.error,items.*._seq_no,items.*._primary_term"
_NO_INDEX = "index_not_found_exception"


class OpenSearchRegistries:
    """The `RegistryStore` on OpenSearch; `replicas` None leaves their number to the cluster."""

    def __init__(self, transport: Transport, name: str, replicas: int | None = None) -> None:
        settings = {} if replicas is None else {"number_of_replicas": replicas}
        self._indexes: dict[Registry, SearchIndex] = {
            each: SearchIndex(transport, f"{name}-{each}", PART, mapping(each), settings, _ANSWER)
            for each in REGISTRIES
        }
        agents = self._indexes["agents"]
        others = [index for each, index in self._indexes.items() if each != "agents"]
        self._all = _Together(transport, agents.alias, PART, mapping("agents"), settings, _ANSWER)
        self._all.others = others

    def ensure_indexes(self) -> None:
        """Makes the indexes and their aliases unless they are there, and adds the fields that a newer release brings.

        May run many times at once. Raises `Unavailable`.
        """
        self._all.ensure()
        for index in self._indexes.values():
            index.extend()

    def write(self, entries: Sequence[RegistryEntry]) -> list[Outcome]:
        """One bulk request over all three indexes."""
        return [_outcome(item) for item in self._all.write([self._put(entry) for entry in entries])]

    def remove(self, entries: Sequence[RegistryEntry]) -> list[Outcome]:
        """One bulk request over all three indexes."""
        actions = []
        for entry in entries:
            if entry.revision is None:
                raise ValueError("not a stored entry")
            action = {"delete": {**self._place(entry), **_condition(entry.revision)}}
            actions.append(f"{encode(action)}\n".encode())
        return [_outcome(item) for item in self._all.write(actions)]

    def get_many(self, store: str, names: Sequence[EntryName]) -> dict[EntryName, RegistryEntry]:
        """One multi-get per thousand; an index that does not exist yet holds nothing."""
        found: dict[EntryName, RegistryEntry] = {}
        for start in range(0, len(names), IDS_PER_READ):
            docs = [
                {"_index": self._indexes[name.registry].alias, "_id": f"{store}|{name.key}"}
                for name in names[start : start + IDS_PER_READ]
            ]
            # On the primary: a replica may not have the last write yet, and the version decides what is lost.
            path = "_mget?realtime=true&preference=_primary"
            answer = self._all.read(path, encode({"docs": docs}).encode())
            with self._all.expected_form():
                asked = names[start : start + IDS_PER_READ]
                for name, stored in zip(asked, answer["docs"], strict=True):
                    error = stored.get("error")
                    if error is not None and error.get("type") != _NO_INDEX:
                        raise Unavailable(PART, reason_of(stored))
                    if stored.get("found"):
                        found[name] = _entry(name.registry, stored)
        return found

    def refresh(self, registry: Registry) -> None:
        """Refreshes one index."""
        self._indexes[registry].refresh()

    def search(self, search: RegistrySearch) -> list[RegistryEntry]:
        """One search on one index."""
        index = self._indexes[search.registry]
        body: dict[str, object] = {
            "size": search.limit,
            "seq_no_primary_term": True,
            "track_total_hits": False,
            "sort": [{"stored": "asc"}, {"key": "asc"}],
            "query": {"bool": {"filter": _filters(search)}},
        }
        if search.after is not None:
            body["search_after"] = list(search.after)
        hits = index.search(encode(body).encode())
        with index.expected_form():
            return [_entry(search.registry, hit) for hit in hits]

    def matches(self, search: RegistrySearch) -> int:
        """One count on one index."""
        index = self._indexes[search.registry]
        body = encode({"query": {"bool": {"filter": _filters(search)}}}).encode()
        answer = index.read("_count?ignore_unavailable=true", body)
        with index.expected_form():
            return int(answer["count"])

    def persons(self, store: str, after: str, limit: int) -> list[str]:
        """One aggregation, which goes through the persons in their order."""
        pages: dict[str, object] = {"size": limit, "sources": [{"person": {"terms": {"field": "person"}}}]}
        if after:
            pages["after"] = {"person": after}
        body = {
            "size": 0,
            "query": {"bool": {"filter": [{"term": {"store": store}}]}},
            "aggs": {"persons": {"composite": pages}},
        }
        index = self._indexes["agents"]
        path = "_search?ignore_unavailable=true&allow_partial_search_results=false"
        answer = index.read(path, encode(body).encode())
        with index.expected_form():
            # An index that does not exist yet answers without aggregations.
            buckets = answer.get("aggregations", {}).get("persons", {}).get("buckets", [])
            return [str(bucket["key"]["person"]) for bucket in buckets]

    def _place(self, entry: RegistryEntry) -> dict[str, object]:
        return {"_index": self._indexes[entry.registry].alias, "_id": f"{entry.store}|{entry.key}"}

    def _put(self, entry: RegistryEntry) -> bytes:
        """The two lines of a bulk request that write the entry over its revision."""
        place = self._place(entry)
        if entry.revision is None:
            action: dict[str, object] = {"create": place}
        else:
            action = {"index": {**place, **_condition(entry.revision)}}
        return f"{encode(action)}\n{encode(_document(entry))}\n".encode()


class _Together(SearchIndex):
    """The index of agents, through which requests to all three go; where one is missing, all are made."""

    others: Sequence[SearchIndex] = ()

    def ensure(self) -> None:
        super().ensure()
        for other in self.others:
            other.ensure()


def _document(entry: RegistryEntry) -> Mapping[str, object]:
    document: dict[str, object] = {
        "schema": SCHEMA,
        "store": entry.store,
        "key": entry.key,
        "client": entry.client,
        "stored": entry.stored,
        "updated": entry.updated,
        "text": entry.text,
        "kind": entry.kind,
        "search": entry.search,
    }
    if entry.registry == "agents":
        document |= {"person": entry.person, "merged": entry.merged, "pseudonymized": entry.pseudonymized}
    return document


def _entry(registry: Registry, stored: Mapping[str, Any]) -> RegistryEntry:
    """The entry in an item of a multi-get or a search."""
    source = stored["_source"]
    if source["schema"] > SCHEMA:
        # Written by a newer version of the program: to write it back would drop what this one does not know.
        raise Unavailable(PART, f"an entry has schema {source['schema']}")
    return RegistryEntry(
        registry=registry,
        store=source["store"],
        key=source["key"],
        client=source["client"],
        stored=source["stored"],
        updated=source["updated"],
        text=source["text"],
        kind=source["kind"],
        search=tuple(source["search"]),
        person=source.get("person", ""),
        merged=source.get("merged", False),
        pseudonymized=source.get("pseudonymized", False),
        revision=Revision(stored["_seq_no"], stored["_primary_term"]),
    )


def _condition(revision: Revision) -> dict[str, int]:
    return {"if_seq_no": revision.seq_no, "if_primary_term": revision.primary_term}


def _filters(search: RegistrySearch) -> list[Mapping[str, object]]:
    filters: list[Mapping[str, object]] = [{"term": {"store": search.store}}]
    bounds = {"gt": search.since, "lte": search.until}
    given = {name: value for name, value in bounds.items() if value is not None}
    if given:
        filters.append({"range": {"stored": given}})
    terms: dict[str, object] = {
        "kind": search.kind,
        "client": search.client,
        "pseudonymized": search.pseudonymized,
    }
    filters += [{"term": {name: value}} for name, value in terms.items() if value is not None]
    if search.keys:
        filters.append({"terms": {"key": search.keys}})
    if search.persons:
        filters.append({"terms": {"person": search.persons}})
    if search.beginning is not None:
        filters.append({"prefix": {"search": {"value": search.beginning}}})
    return filters


def _outcome(item: Item) -> Outcome:
    """What became of one write, from its item in the answer to a bulk request."""
    status = item["status"]
    if status in (200, 201):
        return Stored(Revision(item["_seq_no"], item["_primary_term"]))
    if status == 409 or (status == 404 and "error" not in item):
        return Taken()
    if status in (400, 413):
        return Rejected(reason_of(item))
    return Unsure(reason_of(item))
