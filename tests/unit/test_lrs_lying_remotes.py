"""Other places that lie, or are slow: runs end, say why, take nothing for granted and lose nothing."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.lrs.remotes import files, lrs, search
from chalicelib.lrs.versions import V2
from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.lrs_access import ConnectionRecord
from chalicelib.ports.outgoing import AnswerTooLarge, Request, Response
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.remote_lrs import RemoteStore
from tests.doubles.running_jobs import counts, create, make_store, run, run_new
from tests.doubles.search_cluster import PASSWORD, USER, MemoryCluster
from tests.unit.test_lrs_pseudo import texts
from tests.unit.test_lrs_pull import HOST, PULL, connect, ids, names
from tests.unit.test_lrs_record_store_races import A, statement

SEARCH_HOST = "search.example.com"
MOST_REQUESTS = 500
ABOUT = Response(200, {}, b'{"version": ["2.0.0"]}')


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    connect(made)
    settings = {"driver": "opensearch", "host": f"https://{SEARCH_HOST}", "username": USER, "prefix": "copy"}
    made.access_store.put_connection(
        ConnectionRecord("db", "db", "v1", "db", 1.0, settings, {"password": PASSWORD}), None
    )
    made.clock.advance(1000)
    return made


def answers(stored: Stored, body: Callable[[int], object]) -> None:
    """Another record store that answers its queries so; the number of a query counts from 0."""
    queries = 0

    def answer(request: Request) -> Response:
        nonlocal queries
        if request.url.endswith("/about"):
            return ABOUT
        queries += 1
        assert queries < MOST_REQUESTS, "the run has no end"
        return Response(200, {}, json.dumps(body(queries - 1)).encode())

    stored.outgoing.hosts[HOST] = answer


def pull(stored: Stored, **parameters: object) -> JobRecord:
    return run_new(stored, "pull", **{**PULL, **parameters})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lambda number: {"statements": [], "more": "/xapi/more"}, "read before"),
        (lambda number: {"statements": [statement(A)], "more": "/xapi/more"}, "read before"),
        (lambda number: {"statements": [statement(A)], "more": f"/xapi/{number % 7}"}, "read before"),
        (lambda number: {"statements": [], "more": f"/xapi/{number}"}, "hold no statement"),
        (lambda number: {"statements": [], "more": "/" + "x" * 400_000}, "more than 2000 characters"),
        (lambda number: {"statements": [], "more": "http://[/x"}, "no address"),
        (lambda number: {"statements": [], "more": f"//{HOST}/xapi/more"}, "another host"),
        (lambda number: {"statements": {}, "more": ""}, "something else than statements"),
    ],
)
def test_pages_that_lead_nowhere_end_the_run(
    body: Callable[[int], object], said: str, stored: Stored
) -> None:
    answers(stored, body)
    job = pull(stored)
    assert job.success is False
    assert said in job.feedback


def test_the_password_goes_to_the_host_of_the_connection_however_short_its_name_is(stored: Stored) -> None:
    stored.access_store.delete_connection("lrs", "far", "v1")
    connect(stored, "t")
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.url)
        if request.url.endswith("/about"):
            return ABOUT
        more = "" if request.url.endswith("?page=2") else "https://t/xapi/statements?page=2"
        return Response(200, {}, json.dumps({"statements": [], "more": more}).encode())

    stored.outgoing.hosts["t"] = answer
    assert pull(stored).success, asked
    assert asked[-1] == "https://t/xapi/statements?page=2"


def test_what_was_done_is_counted_though_the_page_after_it_cannot_be_read(stored: Stored) -> None:
    answers(
        stored,
        lambda number: {"statements": [statement(A)], "more": "/xapi/more"} if number == 0 else {"more": 5},
    )
    job = pull(stored)
    assert (job.success, counts(job)) == (False, (1, 1, 0, 0))
    assert ids(stored) == {A}


def searched(stored: Stored, change: Mapping[str, object], times: int = 1_000_000) -> Callable[[], int]:
    """A cluster with 250 statements whose answers to searches are changed so, so many times."""
    inner = MemoryCluster()
    inner.indexes["copy_statements_store"] = {
        name: {"id": name, "stored": f"2023-11-14T22:13:20.{place:06d}Z", "raw": statement(name)}
        for place, name in enumerate(names(250))
    }
    searches = 0

    def answer(request: Request) -> Response:
        nonlocal searches
        found = inner(request)
        if "/_search" not in request.url:
            return found
        searches += 1
        assert searches < MOST_REQUESTS, "the run has no end"
        body = json.loads(found.body)
        return Response(200, {}, json.dumps({**body, **change} if searches <= times else body).encode())

    stored.outgoing.hosts[SEARCH_HOST] = answer
    return lambda: searches


@pytest.mark.parametrize(
    "change",
    [{"timed_out": True}, {"_shards": {"total": 3, "successful": 2, "failed": 1}}],
)
def test_a_cluster_of_which_a_part_does_not_answer_is_asked_again(
    change: dict[str, Any], stored: Stored
) -> None:
    searched(stored, {**change, "hits": {"hits": []}}, times=2)
    job = pull(stored, connection="db")
    assert (job.success, counts(job)) == (True, (250, 250, 0, 0)), job.feedback
    assert ids(stored) == set(names(250))


def test_a_cluster_is_told_not_to_answer_in_part(stored: Stored) -> None:
    searched(stored, {})
    pull(stored, connection="db")
    urls = [request.url for request in stored.outgoing.sent if "/_search" in request.url]
    assert urls
    assert all(url.endswith("?allow_partial_search_results=false") for url in urls)


def hits(**parts: object) -> dict[str, object]:
    """A full page of documents, each with these parts."""
    return {"hits": {"hits": [{"_id": "x", "_source": {"id": name}, **parts} for name in names(100)]}}


@pytest.mark.parametrize(
    "change",
    [
        hits(),
        hits(sort=None),
        hits(sort=["2023", "x"]),  # page after page the same place
        hits(sort=["x"]),
        hits(sort=[{"a": 1}, []]),
        hits(sort=["x" * 100_000, "x"]),
        {"hits": {"hits": [{"_source": {}, "sort": ["2023", str(each)]} for each in range(101)]}},
        {"hits": {"hits": ["x"]}},
        {"hits": {"hits": None}},
        {"hits": None},
        {"hits": 7},
    ],
    ids=lambda change: json.dumps(change)[:50],
)
def test_a_cluster_whose_answers_are_none_ends_the_run(change: dict[str, Any], stored: Stored) -> None:
    searched(stored, change)
    job = pull(stored, connection="db")
    assert job.success is False
    assert "something else than documents in their order" in job.feedback


def tick_while(
    stored: Stored, answer: Callable[[Request], Response], seconds: float
) -> Callable[[Request], Response]:
    """A place whose answers take so long; each minute of that has its tick, and whoever is woken works."""

    def slow(request: Request) -> Response:
        stored.clock.advance(seconds)
        LrsWorld(stored).job_tick.run()
        return answer(request)

    return slow


def is_free(stored: Stored, job: JobRecord) -> bool:
    """Whether another worker could take the run."""
    found = stored.job_store.get(job.type, job.id)
    return found is not None and found.run is not None and not found.run.worker


def test_a_slow_place_that_refuses_much_keeps_its_worker(stored: Stored) -> None:
    """Two hundred requests of five seconds are one page: far longer than a lease."""
    LrsWorld(stored).recording.record(principal(), V2, [statement(name) for name in names(100)], {})
    stored.clock.advance(200)
    far = RemoteStore(rejects=set(names(100)))
    [job] = create(stored, "push", store="store", service="statements", until="now", connection="far")
    freed: list[bool] = []

    def answer(request: Request) -> Response:
        freed.append(is_free(stored, job))
        return far(request)

    stored.outgoing.hosts[HOST] = tick_while(stored, answer, 5.0)
    job = run(stored, job, seconds=10_000)
    assert (job.success, counts(job)) == (True, (100, 0, 0, 100)), job.feedback
    assert len(freed) >= 199
    assert not any(freed), "another was let in while the worker lived"


def file_of(stored: Stored, service: str, *lines: object) -> JobRecord:
    """The job that pulls a file of these lines."""
    settings = {"prefix": "exports"}
    stored.access_store.put_connection(ConnectionRecord("file", "file", "v1", "f", 1.0, settings, {}), None)
    raw = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)
    stored.blobs.put(f"files/exports_{service}_store.jsonl", b"".join(line + b"\n" for line in raw))
    return pull(stored, service=service, connection="file")


DOCUMENT = {
    "id": "bookmark",
    "agent": {"mbox": "mailto:ann@example.com"},
    "activity": "https://example.com/course",
    "contentType": "text/plain",
    "content": "eA==",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"contentType": "text/html\r\nSet-Cookie: a=b"}, "no media type"),
        ({"contentType": "text/" + "x" * 300}, "no media type"),
        ({"contentType": 5}, "no media type"),
        ({"id": "x" * 2001}, "no id of 1 to 2000 characters"),
        ({"id": "a\0b"}, "U+0000"),
        ({"activity": "https://example.com/" + "x" * 8000}, "no activity"),
        ({"agent": {"mbox": "mailto:ann@example.com", "name": "x" * 40_000}}, "an agent of more than"),
        ({"content": 5}, "no base64"),
        ({"registration": 7}, "no UUID"),
    ],
)
def test_a_document_that_no_client_could_store_is_not_taken_from_a_file(
    change: dict[str, object], said: str, stored: Stored
) -> None:
    job = file_of(stored, "states", DOCUMENT, {**DOCUMENT, **change})
    assert (job.success, counts(job)) == (True, (2, 1, 0, 1))
    assert said in job.feedback
    [kept] = stored.document_store.listing("store", "states", None, 10)
    assert (kept.name.id, kept.content_type) == ("bookmark", "text/plain")


def test_of_a_hostile_file_each_line_fails_for_itself(stored: Stored) -> None:
    nul = {**statement(names(9)[8]), "result": {"response": "a\0b"}}
    bad = (b"\xff\xfe", b'{"id": "\xc3', b"[" * 100_000, b'{"a": 1, "a": 2}', b"null", b"1e999", nul)
    job = file_of(stored, "statements", b"\xef\xbb\xbf" + json.dumps(statement(A)).encode(), *bad, b"  \r")
    assert (job.success, counts(job)) == (True, (8, 1, 0, 7)), job.feedback
    assert ids(stored) == {A}
    assert "U+0000" in job.feedback


def test_of_another_record_store_a_statement_with_u0000_fails_alone(stored: Stored) -> None:
    bad = {**statement(names(2)[1]), "result": {"response": "a\0b"}}
    answers(stored, lambda number: {"statements": [statement(A), bad], "more": ""})
    job = pull(stored)
    assert (job.success, counts(job)) == (True, (2, 1, 0, 1))
    assert ids(stored) == {A}


@pytest.mark.parametrize("most", [20, 1])
def test_of_large_statements_fewer_are_asked_for(most: int, stored: Stored) -> None:
    """In the first page, and where the pages that another store names become too large."""
    far = RemoteStore(per_page=50)
    far.add(*(statement(name) for name in names(120)))

    def answer(request: Request) -> Response:
        response = far(request)
        large = request.url.count("from=50") == 1 or "&from=" not in request.url
        if large and response.body.count(b'"actor"') > most:
            raise AnswerTooLarge("The answer is too large.")
        return response

    stored.outgoing.hosts[HOST] = answer
    job = pull(stored)
    assert job.success, job.feedback
    assert ids(stored) == set(names(120))


def test_a_page_that_becomes_too_large_is_asked_for_anew_in_smaller_ones(stored: Stored) -> None:
    far = RemoteStore(per_page=50)
    far.add(*(statement(name) for name in names(120)))

    def answer(request: Request) -> Response:
        response = far(request)
        if "from=50" in request.url and "limit=100" in request.url:
            raise AnswerTooLarge("The answer is too large.")
        return response

    stored.outgoing.hosts[HOST] = answer
    job = pull(stored)
    assert job.success, job.feedback
    assert ids(stored) == set(names(120))


def test_a_single_statement_that_is_too_large_ends_the_run_with_words(stored: Stored) -> None:
    def answer(request: Request) -> Response:
        if request.url.endswith("/about"):
            return ABOUT
        raise AnswerTooLarge("The answer is too large.")

    stored.outgoing.hosts[HOST] = answer
    assert "is larger than an answer may be" in pull(stored).feedback


def test_what_another_store_repeats_of_secrets_and_people_is_not_told(stored: Stored) -> None:
    ann = {"mbox": "mailto:ann@example.com", "name": "Ann Example"}
    LrsWorld(stored).recording.record(principal(), V2, [{**statement(A), "actor": ann}], {})
    stored.clock.advance(200)

    def answer(request: Request) -> Response:
        if request.url.endswith("/about"):
            return ABOUT
        said = f"Not so: {request.headers['Authorization']} {PASSWORD} {(request.body or b'').decode()}"
        return Response(status, {}, said.encode())

    stored.outgoing.hosts[HOST] = answer
    for status in (400, 401):
        job = run_new(stored, "push", store="store", service="statements", until="now", connection="far")
        assert "Not so: Basic" in job.feedback
        told = job.feedback + "".join(texts(stored.log_store))
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        assert not [each for each in (PASSWORD, login) if each in told]
        if status == 400:
            assert not [each for each in ("ann@example", "Ann Ex") if each in told]


def test_an_agent_that_is_refused_is_told_by_its_place_alone(stored: Stored) -> None:
    line = {
        "id": "mbox:mailto:ann@example.com",
        "stored": "2023-01-01T00:00:00Z",
        "raw": {"mbox": "ann@example"},
    }
    job = file_of(stored, "agents", line)
    assert (counts(job), "line at byte 0 was refused" in job.feedback) == ((1, 0, 0, 1), True)
    assert "ann@" not in job.feedback


def test_a_line_that_would_fill_the_memory_is_not_read(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty list takes three bytes of a line and sixty of memory."""
    monkeypatch.setattr(files, "MOST_VALUES", 10_000)
    job = file_of(stored, "statements", b"[" + b"[]," * 6_000 + b"[]]", statement(A))
    assert (job.success, counts(job)) == (True, (2, 1, 0, 1))
    assert "holds more than 10000 values" in job.feedback


@pytest.mark.parametrize("connection", ["far", "db"])
def test_an_answer_that_would_fill_the_memory_is_not_read(
    connection: str, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lrs, search):
        monkeypatch.setattr(module, "MOST_VALUES", 10_000)
    much = [[]] * 6_000
    answers(stored, lambda number: {"statements": much, "more": ""})
    searched(stored, {"hits": {"hits": much}})
    assert pull(stored, connection=connection).success is False
    assert ids(stored) == set()
