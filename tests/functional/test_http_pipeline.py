"""What the job calls say while a delta file travels: the real rules from the call to the lists, memory for AWS."""

import json
from typing import Any

import pytest

from chalicelib.call_log import FunctionFailed, logged_call
from chalicelib.web.gateway import HttpApi
from chalicelib.workers import apply, file_worker, maintenance
from tests.doubles.world import World
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import Lines

URL = "http://localhost/data/test.TestHandleSyncRequestMix.json"
FEATURE = {"operation": "replace-article-feature", "articleData": {"F_1": "12411112", "F_80004": "248,28"}}
GOOD = {"operation": "add-article", "articleData": {"F_1": "1", "F_3": "x"}}
FAILURE = "Trying to add feature to an existing article, but the article does not exist: 12411112"


class Context:
    aws_request_id = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 600_000


class System(World):
    """The world behind the HTTP calls, its workers called as Lambda calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.logger: Any = Lines()
        self.lrs: Any = None

    def log_failure(self, what: str, error: Exception) -> None:
        raise error

    def work(self) -> None:
        """Runs every worker until no message is left."""
        workers = (
            (self.files_queue, file_worker.handle),
            (self.maintenance_messages, maintenance.handle),
            (self.articles_queue, apply.handle),
        )
        for _ in range(20):
            for queue, handle in workers:
                while batch := queue.receive():
                    answer = logged_call(
                        "worker", handle, {"Records": [record(got) for got in batch]}, Context(), self
                    )
                    assert answer == {"batchItemFailures": []}
                    queue.settle(batch)


def record(got: Any) -> dict[str, Any]:
    attributes = {"MessageGroupId": got.group, "ApproximateReceiveCount": str(got.receive_count)}
    return {"messageId": got.message_id, "body": got.body, "attributes": attributes}


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def client(system: System) -> Gateway:
    fields = {"name": "u", "email": "u@example.org", "password": "long enough"}
    _, token = system.accounts.create_user(fields)
    return Gateway(HttpApi("lightrail", system), token.reveal())


def submit(system: System, client: Gateway, url: str, *entries: dict[str, Any]) -> None:
    system.fetcher.files[url] = json.dumps(entries).encode()
    assert client.call("POST", "/v1/articles/delta-update", {"file": url}).status == 200


def data(client: Gateway, name: str) -> Any:
    return client.call("GET", f"/v1/jobs/{name}").json["data"]


def test_a_file_waits_then_succeeds(system: System, client: Gateway) -> None:
    submit(system, client, URL, GOOD)
    payload = {
        "file": URL,
        "tries": 1,
        "timeout": 300,
        "failOnTimeout": True,
        "queue": "delta-file",
        "middleware": [],
        "chained": [],
    }
    for name in ("job", "jobs"):
        assert json.dumps(data(client, name)) == json.dumps([{"payload": payload}])
    assert data(client, "files") == [URL]
    system.work()
    assert (data(client, "jobs"), data(client, "files"), data(client, "successfulfiles")) == ([], [], [URL])
    assert client.call("GET", "/v1/articles/1").json["data"] == {"id": "1", "F_1": "1", "F_3": "x"}
    assert client.call("GET", "/v1/jobs/clearsuccessful").status == 200
    assert data(client, "successfulfiles") == []


def test_a_failure_is_shown_as_documented_and_flushed(system: System, client: Gateway) -> None:
    submit(system, client, URL, FEATURE, FEATURE, GOOD)
    system.work()
    failed = data(client, "failedjob")
    expected = {
        "errors": [FAILURE],
        "payload": {
            "articleData": FEATURE["articleData"],
            "file": URL,
            "operation": "replace-article-feature",
            "tries": 1,
            "timeout": 60,
            "failOnTimeout": True,
            "queue": "delta-article",
            "middleware": [],
            "chained": [],
        },
    }
    assert json.dumps(failed) == json.dumps(expected)
    listed = data(client, "failedjobs")
    assert listed["jobs"] == [expected]
    assert {key: listed[key] for key in expected} == expected
    assert (data(client, "failedarticles"), data(client, "failedfiles")) == (["12411112"], [URL])
    assert data(client, "successfulfiles") == []
    assert client.call("GET", "/v1/jobs/flush").status == 200
    assert (data(client, "failedjob"), data(client, "failedjobs"), data(client, "failedarticles")) == (
        None,
        None,
        [],
    )
    system.work()
    assert (data(client, "failedfiles"), data(client, "successfulfiles")) == ([], [])


def test_a_retry_runs_what_failed_once_its_cause_is_gone(system: System, client: Gateway) -> None:
    submit(system, client, URL, FEATURE)
    system.work()
    submit(
        system,
        client,
        "http://localhost/other.json",
        {"operation": "add-article", "articleData": {"F_1": "2"}},
    )
    system.work()
    assert client.call("POST", "/v1/jobs/retry", {"article": "3"}).status in (202, 404)
    copied = client.call("POST", "/v1/articles", {"customNumber": "12411112", "F_1": "2"})
    assert copied.status == 200
    assert client.call("POST", "/v1/jobs/retry", {"article": '"12411112"'}).status == 202
    system.work()
    assert (data(client, "failedarticles"), data(client, "failedjob")) == ([], None)
    assert client.call("GET", "/v1/articles/12411112").json["data"]["F_80004"] == "248,28"


def test_clear_drops_what_waits(system: System, client: Gateway) -> None:
    submit(system, client, URL, GOOD)
    assert client.call("GET", "/v1/jobs/clear").status == 200
    assert data(client, "jobs") == []
    system.work()
    assert client.call("GET", "/v1/articles/1").status == 404
    submit(system, client, "http://localhost/later.json", GOOD)
    system.work()
    assert client.call("GET", "/v1/articles/1").status == 200


def test_a_retry_of_what_nobody_sent_is_a_404(client: Gateway) -> None:
    for body in ({"ids": ["99"]}, {"ids": ["x"]}, {"file": "http://localhost/never.json"}):
        assert client.call("POST", "/v1/jobs/retry", body).status == 404


def test_a_worker_logs_one_line_a_call(system: System, client: Gateway) -> None:
    submit(system, client, URL, GOOD)
    system.logger.lines.clear()
    system.work()
    lines = [line for line in system.logger.lines if line.get("function") == "worker"]
    assert lines
    assert all(line["message"] == "done" and line["records"] == 1 for line in lines)


def test_a_worker_that_dies_says_so_in_its_line(system: System) -> None:
    def die(*_: Any) -> None:
        raise RuntimeError("the-inner-detail")

    with pytest.raises(FunctionFailed, match=r"\ARuntimeError\Z"):
        logged_call("apply", die, {"Records": [1, 2]}, Context(), system)  # type: ignore[arg-type]
    (line,) = system.logger.lines
    assert (line["message"], line["error"], line["records"]) == ("failed", "RuntimeError", 2)
    assert "the-inner-detail" not in json.dumps(line)
