"""Statement stores for their contract, in memory and on a real OpenSearch node; statements, and searches for them."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.ports.statement_store import (
    Keys,
    StatementRecord,
    StatementSearch,
    StatementStore,
    Stored,
)

NOW = 1_795_324_595_123_456
ADA, BOB, EVE = (
    "mbox:mailto:ada@example.org",
    "account:19:https://example.org|bob",
    "openid:https://eve.example",
)
MATHS, ART, BOOK = "https://example.org/maths", "https://example.org/art", "sha256:" + "ab" * 32
PASSED, FAILED, VOIDS = ("http://adlnet.gov/expapi/verbs/" + name for name in ("passed", "failed", "voided"))
FIRST, SECOND = "0" * 8 + "-0000-4000-8000-" + "0" * 12, "1" * 8 + "-0000-4000-8000-" + "0" * 12
KEYS = Keys(PASSED, FIRST, (ADA,), (ADA, BOB), (MATHS,), (MATHS, ART, BOOK))


STORES = ("memory", "opensearch")


def call(url: str, method: str, body: object = None) -> Any:
    """Sends a request to the engine itself."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(url, data, headers, method=method), timeout=30
    ) as answer:
        return json.load(answer)


@contextmanager
def own_prefix(opensearch_url: str) -> Iterator[str]:
    """A prefix whose indexes the first write makes; each test has a store of its own in them."""
    name = f"lrs-{uuid4().hex}"
    yield name
    call(f"{opensearch_url}/{name}-statements-1,{name}-marks-1?ignore_unavailable=true", "DELETE")


def statements_on(opensearch_url: str, prefix: str) -> OpenSearchStatements:
    """The statements of all stores in the indexes with this prefix."""
    return OpenSearchStatements(connect(opensearch_url, signed=False), prefix, replicas=0)


def name_of(number: int) -> str:
    """The id of the statement with this number."""
    return str(UUID(int=number + 1, version=4))


def record(slug: str, number: int = 0, **fields: Any) -> StatementRecord:
    """The statement with this number, as it is written."""
    made = StatementRecord(
        store=slug,
        id=name_of(number),
        batch="b1",
        stored=NOW + number,
        updated=NOW + number,
        client="client",
        authority=BOB,
        text=f'{{"id":"{name_of(number)}"}}',
        digest=f"{number:064x}",
        keys=KEYS,
    )
    return replace(made, **fields)


def write(store: StatementStore, *records: StatementRecord) -> list[StatementRecord]:
    """Creates them; each with its revision."""
    written = []
    for each, outcome in zip(records, store.create(records), strict=True):
        assert isinstance(outcome, Stored), outcome
        written.append(replace(each, revision=outcome.revision))
    store.refresh()
    return written


def ask(slug: str, **fields: Any) -> StatementSearch:
    """A search for all statements of a store."""
    return StatementSearch(**{"store": slug, "upto": NOW + 10**6, "limit": 100, **fields})


def numbers(store: StatementStore, search: StatementSearch) -> list[int]:
    """The numbers of the statements that a search finds, in its order."""
    return [each.stored - NOW for each in store.search(search)]
