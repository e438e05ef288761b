"""Delta files as a resource on the packaged application, with every function held to its role: handed over in a body
and by a presigned upload, followed, drawn from at once and by a link, sent again, cancelled.
"""

import gzip
import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.system import System, entry, eventually

_VALUE = "v" * 30_000
_LARGE = 100  # entries of 180 KB: more than is drawn at once


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    return local_stack.with_settings(enforce_roles=True)


@pytest.fixture(scope="module")
def prefix(system: System) -> str:
    """Article numbers that no other run has."""
    return f"00{system.ledger.control().seq}-"


def at(
    url: str, method: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """A call of a link, which needs no token."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60.0)
    try:
        connection.request(method, f"{address.path}?{address.query}", body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ended(system: System, id: str) -> dict[str, Any]:
    """The file once nothing of it waits."""

    def terminal() -> dict[str, Any] | None:
        data: dict[str, Any] = system.api.get(f"delta-files/{id}").data
        return data if data["state"] in ("succeeded", "failed", "cleared") else None

    found: dict[str, Any] = eventually(f"file {id} has ended", terminal)
    if found["entries"] is not None:
        assert sum(found["counts"].values()) == found["entries"]
    return found


def came(system: System, id: str) -> dict[str, Any] | None:
    """What was uploaded, once it is accepted."""
    data: dict[str, Any] = system.api.get(f"delta-files/{id}").data
    return data if data["id"] != id else None


def results(system: System, id: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in system.api.get(f"delta-files/{id}/results").body.splitlines()]


def test_a_body_is_applied_its_results_told_and_its_failed_entries_sent_again(
    system: System, prefix: str
) -> None:
    one, two = f"{prefix}1", f"{prefix}2"
    sent = [entry("add-article", one, F_3="é"), entry("replace-article-feature", two, F_3="a"), 5]
    answer = system.api.call(
        "POST", "/api/v1/delta-files?name=mix.json", gzip.compress(json.dumps(sent).encode())
    )
    assert answer.status == 202, answer.body
    id = answer.data["id"]
    assert answer.headers["location"].endswith(f"/v1/delta-files/{id}")
    file = ended(system, id)
    assert (file["name"], file["state"], len(file["errors"])) == ("mix.json", "failed", 2)
    assert [line["state"] for line in results(system, id)] == ["succeeded", "failed", "failed"]
    assert system.article(one) == {"id": one, "F_1": one, "F_3": "é"}
    failed = system.api.get(f"delta-files/{id}/failed")
    assert failed.json == sent[1:]
    assert system.apply(entry("add-article", two)).counts["blocked"] == 1
    system.api.get("jobs/flush")
    assert system.apply(entry("add-article", two)).counts["succeeded"] == 1
    again = system.api.call("POST", "/api/v1/delta-files", failed.body)
    assert [line["state"] for line in results(system, ended(system, again.data["id"])["id"])] == [
        "succeeded",
        "failed",
    ]
    system.api.get("jobs/flush")


def test_a_large_file_is_uploaded_by_a_link_and_its_results_come_by_one(system: System, prefix: str) -> None:
    values = {f"F_{key}": _VALUE for key in range(10, 16)}
    data = json.dumps([entry("add-article", f"{prefix}large-{i}", **values) for i in range(_LARGE)]).encode()
    answer = system.api.post("delta-files/uploads", {"size": len(data), "name": "large.json"})
    assert answer.status == 201, answer.body
    upload = answer.data
    path = f"delta-files/{upload['id']}"
    assert system.api.get(path).data["state"] == "awaited"
    status, text = at(upload["url"], upload["method"], data, upload["headers"])
    assert status == 200, text[:500]
    accepted = eventually(
        "the upload is accepted", lambda: (d := system.api.get(path).data)["id"] != upload["id"] and d
    )
    file = ended(system, accepted["id"])
    assert (file["name"], file["state"], file["entries"]) == ("large.json", "succeeded", _LARGE)

    def ready() -> Any:
        answer = system.api.call("GET", f"/api/v1/{path}/results")
        assert answer.status in (202, 303), answer.body[:500]
        return answer.data if answer.status == 303 else None

    link = eventually("the results are made", ready)
    status, text = at(link["url"], "GET")
    assert (status, len(text)) == (200, link["bytes"])
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, _LARGE + 1))
    assert {line["state"] for line in lines} == {"succeeded"}
    system.forget_articles([f"{prefix}large-{i}" for i in range(_LARGE)])


def test_a_cancelled_file_leaves_nothing_waiting_and_others_alone(system: System, prefix: str) -> None:
    many = json.dumps([entry("add-article", f"{prefix}c{i}") for i in range(3000)]).encode()
    first = system.api.call("POST", "/api/v1/delta-files", many).data["id"]
    second = system.api.call(
        "POST", "/api/v1/delta-files", json.dumps([entry("add-article", f"{prefix}d")]).encode()
    )
    answer = system.api.call("DELETE", f"/api/v1/delta-files/{first}")
    assert (answer.status, answer.message) == (200, "Delta file cancelled")
    assert answer.data["counts"]["queued"] == 0
    assert system.api.call("DELETE", f"/api/v1/delta-files/{first}").status == 200
    assert ended(system, second.data["id"])["state"] == "succeeded"
    file = ended(system, first)
    assert file["state"] == "cleared"
    assert file["counts"]["failed"] == file["counts"]["blocked"] == 0
    listed = [found["id"] for found in system.api.get("delta-files?limit=2").data]
    assert listed == [second.data["id"], first]


def test_a_link_that_is_changed_takes_nothing(system: System) -> None:
    upload = system.api.post("delta-files/uploads", {"size": 2}).data
    assert system.api.call("DELETE", f"/api/v1/delta-files/{upload['id']}").data["state"] == "cleared"
    assert at(upload["url"], "PUT", b"[]", upload["headers"])[0] == 200
    later = system.drop([])
    system.finished(later)
    assert system.api.get(f"delta-files/{upload['id']}").data["state"] == "cleared"
