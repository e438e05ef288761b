"""The packaged application on a running local stack, as its users and operators reach it."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import uuid4

from chalicelib.ports.ledger import Ledger
from infra.cli import file_progress
from infra.cli.deployment import LocalDeployment
from infra.cli.file_progress import FileProgress
from infra.local.description import Description
from tests.end_to_end.http_client import HttpClient

PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.1

Entry = Mapping[str, object]


def entry(operation: str, number: object, **keys: object) -> dict[str, object]:
    """One entry of a delta file."""
    return {"operation": operation, "articleData": {"F_1": number, **keys}}


def eventually(what: str, found: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask until the answer is true, and return it; fail saying what did not happen."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(_POLL_SECONDS)
    return answer


class System:
    """One deployment: its HTTP API with the first administrator's token, its bucket, queues and functions."""

    def __init__(self, description: Description) -> None:
        assert description.admin is not None
        self.description = description
        self.deployment = LocalDeployment(description)
        self.api = HttpClient(description.api_url, description.admin.token)
        self.admin_email = description.admin.email
        self._clients: dict[str, Any] = {}
        self._sent_after: dict[str, int] = {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self.deployment.client(service)
        return self._clients[service]

    @cached_property
    def ledger(self) -> Ledger:
        return self.deployment.ledger()

    def drop(self, content: bytes | list[dict[str, object]], name: str | None = None) -> str:
        """Put a delta file into the bucket; return its name in the lists."""
        key = f"delta/{name or uuid4().hex[:12] + '.json'}"
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        name = f"s3://{self.description.bucket}/{key}"
        self._sent_after[name] = self.ledger.control().seq
        self.client("s3").put_object(Bucket=self.description.bucket, Key=key, Body=body)
        return name

    def submit(self, *urls: str) -> None:
        """Have files fetched from these URLs."""
        before = self.ledger.control().seq
        self._sent_after |= dict.fromkeys(urls, before)
        answer = self.api.post("articles/delta-update", {"files": list(urls)})
        assert answer.status == 200, answer.body

    def progress(self, name: str) -> FileProgress | None:
        """The file sent last under this name, as the ledger has it; None until its work has begun."""
        found = file_progress.read(self.ledger, lambda each: each == name, self._sent_after.get(name, 0))
        return found[-1] if found else None

    def finished(self, name: str, seconds: float = PATIENCE_SECONDS) -> FileProgress:
        """Wait until every entry of the file has its outcome."""

        def terminal() -> FileProgress | None:
            file = self.progress(name)
            return file if file and file.is_terminal else None

        found: FileProgress = eventually(f"{name} has ended: {self.progress(name)}", terminal, seconds)
        assert sum(found.counts.values()) == found.total, found
        return found

    def apply(self, *entries: dict[str, object]) -> FileProgress:
        """Drop a file of these entries and wait for it."""
        return self.finished(self.drop(list(entries)))

    def article(self, number: str) -> dict[str, str] | None:
        """The article as a client reads it; None for 404."""
        answer = self.api.call("GET", f"/api/v1/articles/{number}")
        if answer.status == 404:
            return None
        assert answer.status == 200, answer.body
        document: dict[str, str] = answer.data
        return document

    def forget_jobs(self) -> None:
        """Empty every list: clear what waits, flush what failed, forget what succeeded."""
        for command in ("clear", "flush", "clearsuccessful"):
            self.api.get(f"jobs/{command}")
        eventually("no job is waiting", lambda: self.api.get("jobs/jobs").data == [])

    def forget_articles(self, numbers: Collection[str]) -> None:
        """Delete those of the articles that there are."""
        for number in numbers:
            assert self.api.call("GET", f"/api/v1/articles/delete/{number}").status in (200, 404)

    def queue_url(self, output: str) -> str:
        """The address of a queue by the name of its output."""
        return self.deployment.outputs[output]

    def function_name(self, name: str) -> str:
        """The name of a function in this deployment."""
        return f"{self.description.stack_name}-{name}"

    @contextmanager
    def paused(self, function: str) -> Iterator[None]:
        """Let the queues of a function wait meanwhile."""
        client = self.client("lambda")
        name = self.function_name(function)
        found = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        assert found, name
        for mapping in found:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        # What the poller took just before is worked on to its end.
        time.sleep(1.5)
        try:
            yield
        finally:
            for mapping in found:
                client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def invoke(self, function: str, event: object = None) -> Any:
        """Call a function as the schedule would; its error is a failure of the test."""
        answer = self.client("lambda").invoke(
            FunctionName=self.function_name(function), Payload=json.dumps(event or {}).encode()
        )
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload or b"null")

    def log_lines(self, function: str, since: float) -> list[str]:
        """What a function has logged since a moment (seconds of the clock)."""
        logs = self.client("logs")
        group = f"/aws/lambda/{self.function_name(function)}"
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=int(since * 1000)
        )
        return [event["message"] for page in pages for event in page["events"]]
