"""The served OpenAPI document and the running system hold together, whatever the document lets a client send."""

import gzip
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.file_server import FileServer
from tests.end_to_end.system import System, entry, eventually

Operation = APIOperation[Any, Any, Any, Any]
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_EXAMPLES = 10  # a mode and operation; each is a call of about 30 ms
_NUMBER = '08-½ "00'
_QUIET = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# What destroys comes last, and the last administrator stays.
_LAST = ("deleteArticle", "deleteExport", "deleteUser")
_WITHOUT_INPUT = ("describeApi",)


class Known:
    """What is there, so that calls find it."""

    def __init__(self, system: System, file_server: FileServer) -> None:
        self._system, self._serial = system, count()
        self.url = file_server.put("/fuzz.json.gz", gzip.compress(b"[]"))
        self.seen: dict[str, set[int]] = defaultdict(set)
        self._export: str | None = None
        self._delta_file: str | None = None
        self.article()

    def article(self) -> str:
        if self._system.article("08-%C2%BD%20%2200") is None:
            self._system.forget_jobs()
            self._system.apply(entry("add-article", _NUMBER, F_3="x"))
        return _NUMBER

    def user(self) -> str:
        email = f"fuzz-{next(self._serial)}@example.org"
        body = {"name": "Fuzz", "email": email, "password": "long enough"}
        assert self._system.api.post("admin/create-user", body).status == 201
        return email

    def new_email(self) -> str:
        return f"new-{next(self._serial)}@example.org"

    def new_number(self) -> str:
        return f"0800-{next(self._serial)}"

    def export(self) -> str:
        """One that has a result."""
        if self._export is None or self._is_gone(self._export):
            order = self._system.api.post("exports", {"format": "csv"})
            assert order.status == 202, order.body
            self._export = order.data["id"]
            eventually("the export", lambda: self._system.api.get(f"exports/{self._export}").data["result"])
        return self._export

    def _is_gone(self, export: str) -> bool:
        return self._system.api.call("GET", f"/api/v1/exports/{export}").status == 404

    def delta_file(self) -> str:
        """One that has ended."""
        if self._delta_file is None:
            self._delta_file = self.waiting_delta_file()
            path = f"delta-files/{self._delta_file}"
            eventually("the file", lambda: self._system.api.get(path).data["state"] == "succeeded")
        return self._delta_file

    def waiting_delta_file(self) -> str:
        submitted = self._system.api.post("delta-files", [])
        assert submitted.status == 202, submitted.body
        return str(submitted.data["id"])

    def job(self) -> str:
        self.failed_article()
        found = self._system.api.get("jobs?state=failed&limit=1")
        assert found.data, found.body
        return str(found.data[0]["id"])

    def failed_article(self) -> str:
        self._system.apply(entry("delete-article", "0801-missing"))
        return "0801-missing"


_IN_PATHS: dict[str, Callable[[Known], str]] = {
    "articleNumber": Known.article,
    "deltaFileId": Known.delta_file,
    "exportId": Known.export,
    "jobId": Known.job,
}
# By operation: the fields of the body that are made to name what is there.
_BODIES: dict[str, Callable[[Known], dict[str, str | None]]] = {
    "copyArticle": lambda known: {"F_1": known.article(), "customNumber": known.new_number()},
    "updateArticle": lambda known: {"F_1": known.article()},
    "submitDeltaFiles": lambda known: {"file": known.url, "files": None},
    "createUser": lambda known: {"name": "Fuzz", "email": known.new_email(), "password": "long enough"},
    "deleteUser": lambda known: {"email": known.user()},
    "renewToken": lambda known: {"email": known.user()},
    "retryFailedJobs": lambda known: {"article": known.failed_article(), "ids": None, "file": None},
}


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    """Files are fetched from the tests' own server alone: made-up addresses are refused at once."""
    return local_stack.with_settings(FetchAllowedHosts="127.0.0.1")


@pytest.fixture(scope="module")
def document(system: System) -> dict[str, Any]:
    answer = system.api.with_token(None).call("GET", "/api/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[Operation]:
    """All operations but the record store's, in an order that leaves something to be found.

    Those of the record store are explored in the same way on doubles (tests/functional/test_lrs_openapi.py).
    """
    found = []
    for result in from_dict(document).get_all_operations():
        assert isinstance(result, Ok), result
        if not result.ok().path.startswith("/lrs/"):
            found.append(result.ok())
    return sorted(found, key=lambda each: each.definition.raw["operationId"] in _LAST)


@pytest.fixture(scope="module")
def known(system: System, file_server: FileServer) -> Known:
    return Known(system, file_server)


def point_at_what_is_there(case: Case[Any], known: Known) -> None:
    operation = case.operation.definition.raw["operationId"]
    for name in case.path_parameters or ():
        case.path_parameters[name] = _IN_PATHS[name](known)
    if operation == "cancelDeltaFile":
        case.path_parameters["deltaFileId"] = known.waiting_delta_file()
    fields = _BODIES.get(operation)
    if fields:
        given_body = case.body if isinstance(case.body, dict) else {}
        body: dict[str, Any] = {**given_body, **fields(known)}
        case.body = {key: value for key, value in body.items() if value is not None}
        case.media_type = "application/json"


def explore(system: System, known: Known, name: str, strategy: Any) -> None:
    """Send what the strategy makes, every second time pointed at what is there; check each answer."""

    @_QUIET
    @given(case=strategy, there=st.booleans())
    def run(case: Case[Any], there: bool) -> None:
        if there:
            point_at_what_is_there(case, known)
        if isinstance(case.body, dict) and case.body.get("email") == system.admin_email:
            return  # would revoke the token that this test is made with
        response = case.call(
            base_url=f"{system.api.url}/api", headers={"Authorization": f"Bearer {system.api.token}"}
        )
        known.seen[name].add(response.status_code)
        case.validate_response(response, checks=_CHECKS)

    run()


def test_every_operation_keeps_to_the_document_and_is_seen_to_succeed(
    operations: list[Operation], system: System, known: Known
) -> None:
    for operation in operations:
        name = operation.definition.raw["operationId"]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.POSITIVE or name not in _WITHOUT_INPUT:
                explore(system, known, name, operation.as_strategy(generation_mode=mode))
    names = {operation.definition.raw["operationId"] for operation in operations}
    succeeded = {name for name, seen in known.seen.items() if seen & {200, 201, 202}}
    assert names - succeeded == set()
    assert len(names) >= 22
    assert {400, 401, 404, 422} <= set.union(*known.seen.values())
