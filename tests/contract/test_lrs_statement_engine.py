"""What a statement store makes of a search engine that fails, or holds what a newer release wrote."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import (
    Mark,
    Rejected,
    Revision,
    Stored,
    Unsure,
)
from tests.contract.statement_stores import (
    FIRST,
    ask,
    call,
    name_of,
    own_prefix,
    record,
    statements_on,
    write,
)


@pytest.fixture(scope="module")
def prefix(opensearch_url: str) -> Iterator[str]:
    with own_prefix(opensearch_url) as name:
        yield name


@pytest.fixture(scope="module")
def opensearch(opensearch_url: str, prefix: str) -> OpenSearchStatements:
    return statements_on(opensearch_url, prefix)


@pytest.fixture
def slug() -> str:
    return f"store-{uuid4().hex[:10]}"


class Broken:
    """An engine that answers every request in one way."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def perform_request(self, method: str, url: str, *, body: bytes | None = None) -> object:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def broken_answers() -> list[object]:
    from opensearchpy.exceptions import ConnectionTimeout, TransportError

    strange = ["<html>", {}, {"docs": [None], "items": [7], "hits": []}, None]
    return [
        *strange,
        ConnectionTimeout("TIMEOUT", "", None),
        TransportError(503, "", {}),
        TransportError(404, ""),
    ]


@pytest.mark.parametrize("answer", broken_answers(), ids=repr)
def test_without_an_answer_reads_are_unavailable_and_writes_unsure(answer: object) -> None:
    store = OpenSearchStatements(Broken(answer), "lrs")
    stored = record("s", revision=Revision(1, 1))
    for change in (store.create, store.update, store.remove):
        assert [type(each) for each in change([stored, stored])] == [Unsure, Unsure]
    assert isinstance(store.put_mark("s", Mark(FIRST)), Unsure)
    for read in (
        lambda: store.get_many("s", [FIRST]),
        lambda: store.search(ask("s")),
        lambda: store.of_batch("s", "b1", 1),
        lambda: store.referring_to("s", [FIRST], 1),
        lambda: store.attached("s", "ab" * 32),
        lambda: store.get_marks("s", [FIRST]),
        lambda: store.count("s"),
        lambda: store.page_end(ask("s")),
        lambda: store.remove_found(ask("s")),
        store.refresh,
    ):
        with pytest.raises(Unavailable):
            read()


def test_a_refresh_that_misses_a_shard_is_none() -> None:
    store = OpenSearchStatements(Broken({"_shards": {"total": 2, "successful": 1, "failed": 1}}), "lrs")
    with pytest.raises(Unavailable):
        store.refresh()


def test_an_engine_under_pressure_leaves_a_write_unsure_and_a_wrong_document_is_rejected() -> None:
    pressed = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue full"}}
    wrong = {"status": 400, "error": {"type": "strict_dynamic_mapping_exception", "reason": "x"}}
    fine = {"status": 201, "_seq_no": 4, "_primary_term": 2}
    items = [{"create": each} for each in (pressed, wrong, fine)]
    store = OpenSearchStatements(Broken({"errors": True, "items": items}), "lrs")
    outcomes = store.create([record("s", number) for number in range(3)])
    assert outcomes == [
        Unsure("rejected_execution_exception: queue full"),
        Rejected("strict_dynamic_mapping_exception: x"),
        Stored(Revision(4, 2)),
    ]


def test_a_document_of_a_newer_release_is_not_read(
    opensearch: OpenSearchStatements, opensearch_url: str, prefix: str, slug: str
) -> None:
    write(opensearch, record(slug))
    opensearch.put_mark(slug, Mark(FIRST))
    for kind, name in (("statements", name_of(0)), ("marks", FIRST)):
        url = f"{opensearch_url}/{prefix}-{kind}/_update/{slug}:{name}?refresh=true"
        call(url, "POST", {"doc": {"schema": 2}})
    for read in (
        lambda: opensearch.get_many(slug, [name_of(0)]),
        lambda: opensearch.search(ask(slug)),
        lambda: opensearch.get_marks(slug, [FIRST]),
    ):
        with pytest.raises(Unavailable) as refused:
            read()
        assert "schema 2" in refused.value.reason


def test_only_the_time_of_storing_has_doc_values(
    opensearch: OpenSearchStatements, opensearch_url: str, prefix: str
) -> None:
    opensearch.ensure_indexes()
    [made] = call(f"{opensearch_url}/{prefix}-statements/_mapping", "GET").values()
    fields = made["mappings"]["properties"]
    assert made["mappings"]["dynamic"] == "strict"
    fields |= fields["targets"]["properties"]
    del fields["targets"]
    assert [name for name, field in fields.items() if field.get("doc_values", True)] == ["stored"]
    assert fields["text"] == {"type": "keyword", "index": False, "doc_values": False}
