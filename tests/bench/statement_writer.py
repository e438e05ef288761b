"""A process that records statements when it is told to: `python -m tests.bench.statement_writer`.

Reads lines from its standard input: a job as JSON, which it prepares and answers with `ready`, then `go`, answered
with `done` and the seconds of this process's processor time when all of it is recorded.
"""

import http.client
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from chalicelib.bootstrap import Services
from infra.local import description
from tests.bench.ground import ROOT, Ground, bulk_body
from tests.bench.lrs_ground import Caller, bulk, records, statement
from tests.bench.measuring import unread_log

RAW_STORE = "raw"
BULK = "/lrs-statements/_bulk"
PLAIN = "/bench-plain/_bulk"  # an index whose fields the engine guesses
Run = Callable[[], object]


class Writer:
    """Records statements in one of four ways."""

    def __init__(self) -> None:
        self._ground = Ground(description.read(ROOT / "stack.json"))
        self._ground.use_environment()
        self._client = self._ground.description.lrs[0]
        self._random = random.Random(os.urandom(8))
        self._caller = Caller(Services(), self._client)
        self._transport = self._ground.raw_transport()
        self._address = urlsplit(self._client.xapi_endpoint)
        self._connection = http.client.HTTPConnection(
            str(self._address.hostname), self._address.port, timeout=60
        )
        self.ways: dict[str, Callable[[Sequence[dict[str, Any]]], Run]] = {
            "process": self._in_process,
            "bulk": self._by_bulk,
            "plain": self._by_plain_bulk,
            "stack": self._through_stack,
        }

    def prepared(self, way: str, size: int, count: int) -> list[Run]:
        """So many requests of so many statements, each made beforehand."""
        make = self.ways[way]
        return [make([statement(self._random) for _ in range(size)]) for _ in range(count)]

    def _in_process(self, made: Sequence[dict[str, Any]]) -> Run:
        event = self._caller.event("POST", body=json.dumps(made).encode())
        return lambda: self._caller.call(event)

    def _by_bulk(self, made: Sequence[dict[str, Any]]) -> Run:
        return self._sent(BULK, bulk(list(records(RAW_STORE, made, self._random.getrandbits(40)))))

    def _by_plain_bulk(self, made: Sequence[dict[str, Any]]) -> Run:
        return self._sent(PLAIN, bulk_body({each["id"]: each for each in made}))

    def _sent(self, path: str, body: bytes) -> Run:
        def run() -> None:
            answer = self._transport.perform_request("POST", path, body=body)
            assert not answer["errors"], answer

        return run

    def _through_stack(self, made: Sequence[dict[str, Any]]) -> Run:
        body = json.dumps(made).encode()

        def run() -> None:
            self._connection.request(
                "POST", f"{self._address.path}/statements", body=body, headers=dict(self._caller.headers)
            )
            answer = self._connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text

        return run


def main() -> None:
    """Does one job after the other until there is no more input."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    writer = Writer()
    with unread_log():
        while job := sys.stdin.readline():
            runs = writer.prepared(**json.loads(job))
            print("ready", file=answers)
            sys.stdin.readline()
            started = time.process_time()
            for run in runs:
                run()
            print(f"done {time.process_time() - started:.6f}", file=answers)


if __name__ == "__main__":
    main()
