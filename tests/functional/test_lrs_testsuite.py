"""Jobs of the type `testsuite`: the checks run against the client's own endpoint, report, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from chalicelib.adapters.own_endpoint import OwnEndpoint
from chalicelib.errors import Unavailable
from chalicelib.lrs.conformance import plan
from chalicelib.lrs.jobs.testsuite import CREDENTIAL_SECONDS
from chalicelib.lrs.versions import V1, V2
from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.outgoing import Request, Response
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored
from tests.doubles.running_jobs import around, counts, run, settle
from tests.functional.gateway import STAGE
from tests.functional.lrs_site import Site

JOBS = "/lrs/ada/jobs/testsuite"
SMALL = "XAPI-00034"
SECTION_OVER_HTTP = "Communication 2.3"
BODY = {"repeat": "now", "store": "north", "client": "ada"}
MOST_CALLS = 60

Spoil = Callable[[Request, Response], Response]


class Own:
    """The deployment's own address: requests reach the application; `spoil` may change an answer."""

    def __init__(self, site: Site, spoil: Spoil = lambda _, response: response) -> None:
        self._site, self.spoil, self.sent = site, spoil, list[Request]()

    def exchange(self, request: Request) -> Response:
        self.sent.append(request)
        self._site.world.stored.clock.advance(0.002)
        parts = urlsplit(request.url)
        target = parts.path.removeprefix(STAGE) + (f"?{parts.query}" if parts.query else "")
        answer = self._site.gateway.call(request.method, target, request.body, dict(request.headers))
        return self.spoil(request, Response(answer.status, answer.headers, answer.body))


class Deployment:
    """A site whose jobs run; `own` is its address as jobs see it."""

    def __init__(self) -> None:
        self.site = Site()
        self.site.client("ada")
        self.stored: Stored = self.site.world.stored
        self.own = Own(self.site)
        self.stored.own_endpoint = self.own  # type: ignore[assignment]

    def make(self, **changes: object) -> dict[str, Any]:
        answer = self.site.call("POST", JOBS, "ada", {**BODY, **changes})
        assert answer.status == 201, answer.text
        return dict(answer.json["data"])

    def record(self, job: dict[str, Any]) -> JobRecord:
        found = self.stored.job_store.get("testsuite", job["id"])
        assert found is not None
        return found

    def run(self, world: Callable[[], LrsWorld] | None = None, **changes: object) -> JobRecord:
        return run(self.stored, self.record(self.make(**changes)), world)

    def lines(self, job: JobRecord) -> list[dict[str, Any]]:
        found, cursor = list[dict[str, Any]](), ""
        while True:
            answer = self.site.call("GET", f"{JOBS}/{job.id}/logs?limit=100{cursor}", "ada").json
            found += answer["data"]
            if not answer.get("cursor"):
                return found
            cursor = f"&cursor={answer['cursor']}"

    def checks(self, job: JobRecord) -> list[dict[str, Any]]:
        return [line for line in self.lines(job) if ", xAPI " in line["feedback"]]


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


def spoilt(request: Request, response: Response) -> Response:
    """A store that takes everything that is posted to it."""
    return replace(response, status=200) if request.method == "POST" else response


def test_this_store_passes_all_checks_of_both_versions_and_nothing_is_left(deployment: Deployment) -> None:
    job = deployment.run()
    checks = len(plan(V1)) + len(plan(V2))
    assert job.success is True, job.feedback
    assert counts(job) == (checks, checks, 0, 0)
    assert job.evidence["endpoint"].endswith("/lrs/ada/stores/north/xapi")  # type: ignore[attr-defined]
    lines = deployment.checks(job)
    assert len(lines) == checks
    assert all((line["event"], line["success"]) == ("progress", True) for line in lines)
    stored = deployment.stored
    assert list(stored.statement_store.stored("north")) == []
    assert stored.document_store.documents == {}
    assert stored.token_store.tokens == {}
    settle(stored)
    assert stored.blobs.keys == []


def test_a_section_is_checked_alone_and_each_check_is_told(deployment: Deployment) -> None:
    job = deployment.run(section=SMALL)
    expected = [f"{check}, xAPI {version}" for version in (V1, V2) for check in plan(version, SMALL)]
    assert [", ".join(line["feedback"].split(", ")[:2]) for line in deployment.checks(job)] == expected
    events = [line["event"] for line in deployment.lines(job)]
    assert (events[0], events[-1]) == ("started", "passed")


def test_what_fails_is_told_and_the_run_has_failed(deployment: Deployment) -> None:
    deployment.own.spoil = spoilt
    job = deployment.run(section=SMALL)
    assert job.success is False
    assert job.progress.failed > 0
    assert job.progress.done + job.progress.failed == job.progress.total
    assert job.feedback.startswith(f"{job.progress.failed} of {job.progress.total} checks failed")
    failed = [line for line in deployment.checks(job) if not line["success"]]
    assert len(failed) == job.progress.failed
    assert all(" failed: " in line["feedback"] for line in failed)
    assert list(deployment.stored.statement_store.stored("north")) == []


def test_the_run_calls_as_its_client_and_what_it_calls_with_is_over_then(deployment: Deployment) -> None:
    deployment.run(section=SMALL)
    used = {value for each in deployment.own.sent for value in [each.headers.get("Authorization")] if value}
    assert used
    for value in used:
        answer = deployment.site.gateway.call(
            "GET",
            "/lrs/ada/stores/north/xapi/statements",
            None,
            {"Authorization": value, "X-Experience-API-Version": V2},
        )
        assert answer.status == 401


def test_the_credential_stands_nowhere(deployment: Deployment) -> None:
    job = deployment.run(section=SMALL)
    [value, *_] = {
        each.headers["Authorization"] for each in deployment.own.sent if "Authorization" in each.headers
    }
    assert value.removeprefix("Basic ") not in repr((job, deployment.lines(job), deployment.own.sent))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"section": "XAPI-99999"}, "section"),
        ({"section": "Data 9"}, "section"),
        ({"client": "bob"}, "client"),
        ({"client": "reader"}, "client"),
        ({"client": "tokens"}, "client"),
        ({"client": None}, "client"),
        ({"store": None}, "store"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    changes: dict[str, object], field: str, deployment: Deployment
) -> None:
    deployment.site.client("bob", "south")
    deployment.site.client("reader", permissions=["xapi/all/read"])
    deployment.site.client("tokens", guard="cmi5-token")
    answer = deployment.site.call("POST", JOBS, "ada", {**BODY, **changes})
    assert answer.status == 422
    assert list(answer.json["errors"]) == [field]


def test_a_client_that_is_gone_ends_the_run(deployment: Deployment) -> None:
    job = deployment.make(section=SMALL)
    [client] = [each for each in deployment.stored.access_store.clients() if each.slug == "ada"]
    assert deployment.stored.access_store.delete_client(client)
    ended = run(deployment.stored, deployment.record(job))
    assert ended.success is False
    assert "The client ada cannot be checked any more" in ended.feedback


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_address_that_leads_elsewhere_ends_the_run(status: int, deployment: Deployment) -> None:
    deployment.own.spoil = lambda _, response: replace(response, status=status)
    job = deployment.run(section=SMALL)
    assert job.success is False
    assert f"with status {status}" in job.feedback
    assert deployment.checks(job) == []


def test_an_endpoint_that_is_down_is_waited_for(deployment: Deployment) -> None:
    down = [True]

    def spoil(_: Request, response: Response) -> Response:
        if down[0]:
            raise Unavailable("The endpoint", "down")
        return response

    deployment.own.spoil = spoil
    job = deployment.record(deployment.make(section=SMALL))
    LrsWorld(deployment.stored).job_tick.run()
    found = deployment.stored.job_store.get("testsuite", job.id)
    assert found is not None
    assert found.run is not None
    LrsWorld(deployment.stored).job_worker.work("testsuite", job.id, found.run.id, lambda: 300.0)
    waiting = deployment.stored.job_store.get("testsuite", job.id)
    assert waiting is not None
    assert "goes on by itself" in waiting.feedback
    down[0] = False
    ended = run(deployment.stored, waiting)
    assert ended.success is True, ended.feedback


def checked_with_a_fault(k: int, kind: str) -> bool:
    """One run with the k-th call of the first worker going wrong; False: it made fewer calls."""
    deployment = Deployment()
    faults = Faults(at=k, kind=kind)
    wrap = around(faults)
    own = ("own_endpoint", "clock")
    job = deployment.run(
        lambda: LrsWorld(deployment.stored, lambda name, port: port if name in own else wrap(name, port)),
        section=SMALL,
    )
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    checks = len(plan(V1, SMALL)) + len(plan(V2, SMALL))
    assert job.success is True, told
    assert counts(job) == (checks, checks, 0, 0), told
    assert len(deployment.checks(job)) == checks, told
    assert list(deployment.stored.statement_store.stored("north")) == [], told
    deployment.stored.clock.advance(CREDENTIAL_SECONDS)
    now = int(deployment.stored.clock.now() * 1_000_000)
    left = [token for token in deployment.stored.token_store.tokens.values() if token.expires_at > now]
    assert left == [], told
    return True


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not checked_with_a_fault(k, kind))
    assert calls > 15


class _Handler(BaseHTTPRequestHandler):
    """Hands requests to the application as they stand in the request line."""

    protocol_version = "HTTP/1.1"
    site: Site

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        self.site.world.stored.clock.advance(0.002)
        target = self.path.removeprefix(STAGE)
        answer = self.site.gateway.call(self.command, target, body, dict(self.headers.items()))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_OPTIONS = handle_one

    def log_message(self, format: str, *args: object) -> None:
        return


def test_the_checks_pass_over_real_http_too(deployment: Deployment) -> None:
    handler = type("Handler", (_Handler,), {"site": deployment.site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            host = f"127.0.0.1:{server.server_address[1]}"
            deployment.stored.own_endpoint = OwnEndpoint()  # type: ignore[assignment]
            made = deployment.record(deployment.make(section=SECTION_OVER_HTTP))
            settings = {**made.settings, "endpoint": f"http://{host}{STAGE}/lrs/ada/stores/north/xapi"}
            moved = deployment.stored.job_store.put(replace(made, settings=settings), made.version)
            assert moved is not None
            job = run(deployment.stored, moved)
        finally:
            server.shutdown()
            thread.join()
    assert job.success is True, job.feedback
    assert job.progress.done > 10


def test_a_run_that_ends_before_its_time_leaves_nothing_either(deployment: Deployment) -> None:
    seen: list[int] = []

    def spoil(_: Request, response: Response) -> Response:
        recorded = len(list(deployment.stored.statement_store.stored("north")))
        seen.append(recorded)
        return replace(response, status=404) if max(seen) > 3 and len(seen) > 40 else response

    deployment.own.spoil = spoil
    job = deployment.run(section="Data 2.4")
    assert job.success is False
    assert "with status 404" in job.feedback
    assert max(seen) > 3
    assert list(deployment.stored.statement_store.stored("north")) == []


def test_what_a_batch_is_still_writing_when_the_checks_are_over_goes_too(deployment: Deployment) -> None:
    stored = deployment.stored
    late: list[str] = []

    def spoil(request: Request, response: Response) -> Response:
        if not late and list(stored.statement_store.stored("north")):
            [first, *_] = stored.statement_store.stored("north")
            now = int(stored.clock.now() * 1_000_000)
            batch = stored.record_clock.register("north", "slow", 1, now, now + 60_000_000)
            record = replace(first, id=str(uuid4()), batch="slow", stored=batch.first, revision=None)
            stored.statement_store.create([record])
            late.append(record.id)
        return response

    def swept() -> LrsWorld:
        LrsWorld(stored).sweep.run(["north"])
        return LrsWorld(stored)

    deployment.own.spoil = spoil
    job = deployment.run(swept, section="Data 2.4.3")
    assert job.success is True, job.feedback
    assert late
    assert list(stored.statement_store.stored("north")) == []
