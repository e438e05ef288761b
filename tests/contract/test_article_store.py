"""What every article store promises, held by the one in memory and the one on a real OpenSearch node."""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_index import BYTES_PER_WRITE
from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import (
    Applied,
    Article,
    ArticleStore,
    Document,
    Entry,
    Hidden,
    Lost,
    Outcome,
    Refused,
    Unknown,
    Version,
    Written,
)
from tests.doubles.article_store import MemoryArticleStore

HIDDEN = Hidden(Applied(Entry(3, 0), Entry(5, 999_999)), ("b", "a"), 1_700_000_000.123, "s3://b/delta/ø.json")


def call(url: str, method: str, body: object = None) -> None:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30).close()


@pytest.fixture
def alias(opensearch_url: str) -> Iterator[str]:
    """The name of an alias that does not exist; what a test makes behind it is removed."""
    name = f"articles-{uuid.uuid4().hex}"
    yield name
    call(f"{opensearch_url}/{name}-1?ignore_unavailable=true", "DELETE")


@pytest.fixture
def opensearch(opensearch_url: str, alias: str) -> OpenSearchArticles:
    return OpenSearchArticles(connect(opensearch_url, signed=False), alias, replicas=0)


@pytest.fixture(params=["memory", "opensearch"])
def store(request: pytest.FixtureRequest) -> ArticleStore:
    if request.param == "memory":
        return MemoryArticleStore()
    store = request.getfixturevalue("opensearch")
    assert isinstance(store, OpenSearchArticles)
    return store


def document(number: str, **values: str) -> Document:
    return {"id": number, "F_1": number, **values}


def write(store: ArticleStore, article: Article) -> Article:
    """Writes and returns the article with its new version."""
    outcome = store.write_many([article])[0]
    assert isinstance(outcome, Written), outcome
    return replace(article, version=outcome.version)


def marks_soon(store: ArticleStore, older_than: float, limit: int, count: int) -> list[Article]:
    """The marks once as many are seen: a search shows a write only after a moment."""
    deadline = time.monotonic() + 20
    while True:
        marks = store.find_marks(older_than, limit)
        if len(marks) == count or time.monotonic() > deadline:
            return marks
        time.sleep(0.1)


def test_a_store_without_anything_has_no_articles_and_no_marks(store: ArticleStore) -> None:
    assert store.get_many(["1", "2"]) == {}
    assert store.get_many([]) == {}
    assert store.write_many([]) == []
    assert store.find_marks(9e9, 10) == []


def test_an_article_comes_back_at_once_with_all_it_carries(store: ArticleStore) -> None:
    written = write(store, Article("7", document("7", F_3="x"), HIDDEN))
    plain = write(store, Article("8", document("8")))
    assert store.get_many(["8", "none", "7"]) == {"7": written, "8": plain}


@pytest.mark.parametrize(
    "number", ["7", "0012411176", "a b", "ø", '½"', "日本", "🔦", "..", "%2F", "a" * 400, "*", "_x"]
)
def test_any_number_is_an_articles_own(store: ArticleStore, number: str) -> None:
    written = write(store, Article(number, document(number), HIDDEN))
    assert store.get_many([number, "other"]) == {number: written}


def test_a_document_comes_back_byte_for_byte_in_its_order(store: ArticleStore) -> None:
    values = {
        "F_80000": "ø",
        "C_2": '½" "quoted" \\',
        "F_2": "日本",
        "C_1": "🔦 e\u0301 é",
        "F_10": "",
        "F_9": " \t\n\r\x00\x1f\x7f\u2028 ",
        "F_3": "248,28",
        "F_007": "007",
        "F_7": "20/06/2022",
    }
    sent = document("7", **values)
    write(store, Article("7", sent, HIDDEN))
    stored = store.get_many(["7"])["7"].document
    assert json.dumps(stored, ensure_ascii=False).encode() == json.dumps(sent, ensure_ascii=False).encode()


def test_a_whole_article_is_replaced_not_merged(store: ArticleStore) -> None:
    first = write(store, Article("7", document("7", F_3="x"), HIDDEN))
    second = write(store, replace(first, document=document("7", F_4="y"), hidden=Hidden(updated_at=2.0)))
    stored = store.get_many(["7"])["7"]
    assert stored == second
    assert stored.hidden.applied is None
    assert stored.version != first.version


def test_a_write_against_an_old_version_is_lost_and_changes_nothing(store: ArticleStore) -> None:
    first = write(store, Article("7", document("7", F_3="x")))
    second = write(store, replace(first, document=document("7", F_3="y")))
    assert store.write_many([replace(first, document=document("7", F_3="z"))]) == [Lost()]
    assert store.get_many(["7"])["7"] == second


def test_what_exists_is_not_created_again_and_what_does_not_is_not_overwritten(store: ArticleStore) -> None:
    first = write(store, Article("7", document("7", F_3="x")))
    assert store.write_many([Article("7", document("7", F_3="y"))]) == [Lost()]
    assert store.write_many([Article("8", document("8"), version=first.version)]) == [Lost()]
    assert store.get_many(["7", "8"]) == {"7": first}


def test_a_write_is_answered_with_a_receipt(store: ArticleStore) -> None:
    created = store.write_many([Article("7", document("7"))])[0]
    assert isinstance(created, Written)
    updated = store.write_many([Article("7", None, version=created.version)])[0]
    assert isinstance(updated, Written)
    assert list(updated.receipt) == [
        "_index",
        "_id",
        "_version",
        "result",
        "_shards",
        "_seq_no",
        "_primary_term",
    ]
    assert (created.receipt["result"], updated.receipt["result"]) == ("created", "updated")
    assert (created.version.count, updated.version.count, updated.receipt["_version"]) == (1, 2, 2)
    assert updated.receipt["_seq_no"] == updated.version.seq_no > created.version.seq_no
    assert updated.receipt["_primary_term"] == updated.version.primary_term
    assert updated.receipt["_shards"] == {"total": 1, "successful": 1, "failed": 0}
    read = store.get_many(["7"])["7"].version
    assert read is not None
    assert (read, read.count) == (updated.version, 2)


def test_each_write_of_a_request_has_an_outcome_of_its_own(store: ArticleStore) -> None:
    old = write(store, Article("1", document("1")))
    now = write(store, replace(old, document=document("1", F_2="now")))
    outcomes = store.write_many(
        [
            Article("2", document("2")),
            replace(old, document=None),
            Article("3", document("3", F_2="\ud800")),
            replace(now, document=None),
            Article("4", None),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [Written, Lost, Refused, Written, Written]
    stored = store.get_many(["1", "2", "3", "4"])
    assert {number: article.document for number, article in stored.items()} == {
        "1": None,
        "2": document("2"),
        "4": None,
    }


def test_of_many_writers_at_once_one_wins(store: ArticleStore) -> None:
    first = write(store, Article("7", document("7")))

    def attempt(writer: int) -> Outcome:
        return store.write_many([replace(first, document=document("7", F_2=str(writer)))])[0]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    winners = [writer for writer, outcome in enumerate(outcomes) if isinstance(outcome, Written)]
    assert len(winners) == 1
    assert outcomes.count(Lost()) == 7
    assert store.get_many(["7"])["7"].document == document("7", F_2=str(winners[0]))


def test_a_mark_keeps_what_is_hidden_and_may_be_written_over_by_its_version(store: ArticleStore) -> None:
    first = write(store, Article("7", document("7"), HIDDEN))
    mark = write(store, replace(first, document=None))
    assert store.get_many(["7"]) == {"7": mark}
    assert store.write_many([Article("7", document("7"))]) == [Lost()]
    again = write(store, replace(mark, document=document("7", F_2="second life")))
    assert store.get_many(["7"]) == {"7": again}


def test_old_marks_are_found_oldest_first_and_articles_are_not(store: ArticleStore) -> None:
    times = {"a": 300.0, "b": 100.0, "c": 200.0, "young": 1000.0}
    marks = {
        number: write(store, Article(number, None, Hidden(HIDDEN.applied, ("x",), time, "api")))
        for number, time in times.items()
    }
    write(store, Article("article", document("article"), Hidden(updated_at=1.0)))
    assert marks_soon(store, 1000.0, 10, 3) == [marks["b"], marks["c"], marks["a"]]
    assert store.find_marks(1000.0, 2) == [marks["b"], marks["c"]]
    assert store.find_marks(100.0, 10) == []


def test_a_mark_is_purged_only_as_it_was_read(store: ArticleStore) -> None:
    mark = write(store, Article("7", None, HIDDEN))
    other = write(store, Article("8", None, HIDDEN))
    revived = write(store, replace(other, document=document("8")))
    assert isinstance(store.purge_mark(mark), Written)
    assert store.purge_mark(other) == Lost()
    assert store.purge_mark(mark) == Lost()
    assert store.get_many(["7", "8"]) == {"8": revived}
    write(store, Article("7", document("7", F_2="a new one")))


def test_an_article_is_not_purged(store: ArticleStore) -> None:
    article = write(store, Article("7", document("7")))
    with pytest.raises(ValueError, match="not a stored mark"):
        store.purge_mark(article)


def test_more_than_a_request_may_hold_is_written_and_read(store: ArticleStore) -> None:
    large = {f"F_{key}": "x" * 30_000 for key in range(2, 8)}
    count = BYTES_PER_WRITE // 180_000 + 3
    numbers = [str(number) for number in range(count)]
    outcomes = store.write_many([Article(number, document(number, **large)) for number in numbers])
    assert [type(outcome) for outcome in outcomes] == [Written] * count
    stored = store.get_many([*numbers, *(f"absent{number}" for number in range(1000))])
    assert {number: article.document for number, article in stored.items()} == {
        number: document(number, **large) for number in numbers
    }


# What only the adapter has: an index to make, and an engine that may not answer.


def test_the_index_is_made_by_many_at_once_and_again_without_harm(
    opensearch: OpenSearchArticles, opensearch_url: str, alias: str
) -> None:
    with ThreadPoolExecutor(4) as pool:
        for made in [pool.submit(opensearch.ensure_index) for _ in range(6)]:
            made.result()
    written = write(opensearch, Article("7", document("7")))
    opensearch.ensure_index()
    assert opensearch.get_many(["7"]) == {"7": written}
    with urllib.request.urlopen(f"{opensearch_url}/{alias}", timeout=10) as answer:
        described = json.load(answer)
    assert list(described) == [f"{alias}-1"]
    assert described[f"{alias}-1"]["aliases"] == {alias: {}}
    assert described[f"{alias}-1"]["mappings"]["properties"]["document"] == {
        "type": "object",
        "enabled": False,
    }
    assert described[f"{alias}-1"]["settings"]["index"]["number_of_replicas"] == "0"


def test_writers_who_meet_a_missing_index_make_it_once(opensearch: OpenSearchArticles) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(
            pool.map(lambda n: opensearch.write_many([Article(str(n), document(str(n)))])[0], range(4))
        )
    assert [type(outcome) for outcome in outcomes] == [Written] * 4
    assert len(opensearch.get_many(["0", "1", "2", "3"])) == 4


def test_an_index_that_lost_its_alias_gets_it_back(
    opensearch: OpenSearchArticles, opensearch_url: str, alias: str
) -> None:
    written = write(opensearch, Article("7", document("7")))
    call(f"{opensearch_url}/{alias}-1/_alias/{alias}", "DELETE")
    opensearch.ensure_index()
    assert opensearch.get_many(["7"]) == {"7": written}


def test_an_index_in_the_place_of_the_alias_is_told_and_not_written_to(
    opensearch: OpenSearchArticles, opensearch_url: str, alias: str
) -> None:
    call(f"{opensearch_url}/{alias}", "PUT", {"settings": {"number_of_replicas": 0}})
    try:
        with pytest.raises(Unavailable) as refused:
            opensearch.ensure_index()
        assert "invalid_alias_name_exception" in refused.value.reason
        assert isinstance(opensearch.write_many([Article("7", document("7"))])[0], Unknown)
        assert opensearch.get_many(["7"]) == {}
    finally:
        call(f"{opensearch_url}/{alias}", "DELETE")


def test_writes_to_an_index_that_takes_none_are_unknown_with_the_engines_word(
    opensearch: OpenSearchArticles, opensearch_url: str, alias: str
) -> None:
    written = write(opensearch, Article("7", document("7")))
    call(f"{opensearch_url}/{alias}-1/_settings", "PUT", {"index.blocks.write": True})
    outcome = opensearch.write_many([replace(written, document=None)])[0]
    assert isinstance(outcome, Unknown)
    assert "cluster_block_exception" in outcome.reason


def test_an_article_of_a_newer_schema_is_left_alone(
    opensearch: OpenSearchArticles, opensearch_url: str, alias: str
) -> None:
    opensearch.ensure_index()
    call(f"{opensearch_url}/{alias}-1/_doc/7", "PUT", {"schema": 2, "number": "7", "unheard_of": {"a": 1}})
    with pytest.raises(Unavailable) as refused:
        opensearch.get_many(["7"])
    assert refused.value.reason == "article 7 has schema 2"


class Answering:
    """A server that answers each connection with the next of some raw answers (None: it hangs up)."""

    def __init__(self, answers: Sequence[bytes | None]) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Answering":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.connections += 1
                answer = self._answers.pop(0) if self._answers else None
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                if answer is not None:
                    connection.sendall(answer)


def http(status: str, body: str, content_type: str = "application/json") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (None, Unknown),
        (http("429 Too Many Requests", '{"error": {"type": "too_many"}, "status": 429}'), Unknown),
        (http("503 Service Unavailable", "<html>", "text/html"), Unknown),
        (http("500 Internal Server Error", ""), Unknown),
        (http("403 Forbidden", '{"message": "signature"}'), Unknown),
        (http("200 OK", "<html>", "text/html"), Unknown),
        (http("200 OK", '{"errors": false, "items": []}'), Unknown),
        (http("200 OK", "{"), Unknown),
        (http("413 Payload Too Large", ""), Refused),
        (http("400 Bad Request", '{"error": {"type": "parse_exception"}, "status": 400}'), Refused),
        (
            http(
                "200 OK", '{"errors": true, "items": [{"create": {"status": 429, "error": {"type": "x"}}}]}'
            ),
            Unknown,
        ),
        (
            http(
                "200 OK", '{"errors": true, "items": [{"create": {"status": 503, "error": {"type": "x"}}}]}'
            ),
            Unknown,
        ),
        (
            http(
                "200 OK", '{"errors": true, "items": [{"create": {"status": 400, "error": {"type": "x"}}}]}'
            ),
            Refused,
        ),
    ],
)
def test_a_write_is_sent_once_and_never_raises(answer: bytes | None, outcome: type) -> None:
    with Answering([answer, answer]) as server:
        store = OpenSearchArticles(connect(server.url, signed=False), "articles")
        assert [type(one) for one in store.write_many([Article("7", document("7"))])] == [outcome]
        assert server.connections == 1


def test_nobody_there_is_unavailable_for_reads_and_unknown_for_writes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    store = OpenSearchArticles(connect(f"http://127.0.0.1:{port}", signed=False), "articles")
    assert isinstance(store.write_many([Article("7", document("7"))])[0], Unknown)
    for read in (lambda: store.get_many(["7"]), lambda: store.find_marks(1.0, 1), store.ensure_index):
        with pytest.raises(Unavailable) as refused:
            read()
        assert refused.value.reason == "ConnectionError"


def test_a_silent_engine_is_waited_for_only_so_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = OpenSearchArticles(connect(url, signed=False, timeout=0.2), "articles")
        started = time.monotonic()
        assert store.write_many([Article("7", document("7"))]) == [Unknown("ConnectionTimeout")]
        with pytest.raises(Unavailable):
            store.get_many(["7"])
        assert time.monotonic() - started < 5


def test_a_read_over_a_broken_connection_is_sent_once_more() -> None:
    found = '{"docs": [{"_id": "7", "found": false}]}'
    with Answering([None, http("200 OK", found)]) as server:
        store = OpenSearchArticles(connect(server.url, signed=False), "articles")
        assert store.get_many(["7"]) == {}
        assert server.connections == 2


def test_a_shard_that_does_not_answer_is_no_absent_article() -> None:
    failed = (
        '{"docs": [{"_id": "7", "error": {"type": "no_shard_available_action_exception", "reason": "x"}}]}'
    )
    with Answering([http("200 OK", failed)]) as server:
        store = OpenSearchArticles(connect(server.url, signed=False), "articles")
        with pytest.raises(Unavailable):
            store.get_many(["7"])


def test_on_aws_requests_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    connection = connect("https://search.example.org", signed=True).connection_pool.connection  # type: ignore[attr-defined]
    headers = connection.http_auth(
        "POST", "https://search.example.org/articles/_bulk?require_alias=true", b"{}"
    )
    assert "/eu-west-1/es/aws4_request" in headers["Authorization"]
    assert connection.use_ssl
    assert (connection.hostname, connection.port) == ("search.example.org", 443)


def test_the_adapter_loads_opensearch_only_when_it_connects() -> None:
    program = (
        "import sys, chalicelib.adapters.opensearch_articles; "
        "print([name for name in ('opensearchpy', 'boto3', 'requests', 'urllib3') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_versions_are_compared_by_what_the_engine_compares() -> None:
    assert Version(1, 1, 5) == Version(1, 1)
    assert Version(1, 1) != Version(1, 2)
