"""Exports over HTTP: ordered with every fault told at once, followed, fetched, cancelled."""

from typing import Any

import pytest

from chalicelib.web.cursors import sealed
from tests.doubles.export_world import ExportGround
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns


@pytest.fixture
def ground(services: StandIns) -> ExportGround:
    return services.exporting


def order(user: Gateway, **body: Any) -> dict[str, Any]:
    answer = user.call("POST", "/v1/exports", {"format": "csv", "mapping": "test", **body})
    assert answer.status == 202, answer.text
    data: dict[str, Any] = answer.json["data"]
    assert answer.headers["location"] == f"/api/v1/exports/{data['id']}"
    return data


def read(user: Gateway, export: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = user.call("GET", f"/v1/exports/{export['id']}").json["data"]
    return data


def faults(user: Gateway, body: Any) -> dict[str, list[str]]:
    answer = user.call("POST", "/v1/exports", body)
    assert answer.status == 422, answer.text
    found: dict[str, list[str]] = answer.json["errors"]
    return found


def test_an_export_is_ordered_followed_and_fetched(user: Gateway, ground: ExportGround) -> None:
    ground.write("1", F_3="lamp")
    ground.write("2", F_80004="on request")
    export = order(user)
    assert (export["state"], export["result"]) == ("running", None)
    ground.settle()
    done = read(user, export)
    assert (done["state"], done["success"]) == ("succeeded", True)
    assert done["progress"] == {"total": 2, "done": 1, "skipped": 0, "failed": 1}
    result = done["result"]
    assert (result["rows"], result["failed"], result["deleted"]) == (1, 1, 0)
    assert result["file_name"] in result["download"]["url"]
    assert result["download"]["expires_at"] > done["completed_at"]
    assert len(result["sha256"]) == 64
    failed = user.call("GET", f"/v1/exports/{export['id']}/failed").json["data"]
    assert failed["rows"] == 1
    assert "failed.ndjson" in failed["download"]["url"]


def test_a_link_that_expired_is_made_anew_by_reading_the_export_again(
    user: Gateway, ground: ExportGround
) -> None:
    export = order(user)
    ground.settle()
    first = read(user, export)["result"]["download"]
    ground.clock.advance(7200)
    second = read(user, export)["result"]["download"]
    assert first["expires_at"] < second["expires_at"]


def test_the_files_of_earlier_runs_can_be_fetched_too(user: Gateway, ground: ExportGround) -> None:
    export = order(user, repeat="dailyAt", time="03:00")
    for _ in range(2):
        ground.clock.advance(86_400)
        ground.settle()
    shown = read(user, export)
    [earlier] = shown["earlier_results"]
    assert earlier["completed_at"] < shown["result"]["completed_at"]
    for result in (shown["result"], earlier):
        assert result["file_name"] in result["download"]["url"]
    [listed] = user.call("GET", "/v1/exports").json["data"]
    assert "download" not in listed["result"]
    assert "download" not in listed["earlier_results"][0]


def test_a_file_that_is_kept_no_longer_has_no_link(user: Gateway, ground: ExportGround) -> None:
    export = order(user)
    ground.settle()
    for key in ground.objects():
        ground.blobs.delete(key)
    assert read(user, export)["result"]["download"] is None


def test_an_export_without_failed_rows_has_no_list_of_them(user: Gateway, ground: ExportGround) -> None:
    export = order(user)
    path = f"/v1/exports/{export['id']}/failed"
    assert user.call("GET", path).json["data"] == {"rows": 0, "download": None}
    ground.settle()
    assert user.call("GET", path).json["data"] == {"rows": 0, "download": None}


def test_every_fault_of_an_order_is_told_at_once(user: Gateway, ground: ExportGround) -> None:
    ground.blobs.put(
        "mappings/bad.yaml",
        b"version: 2\nformat: csv\ncolumns:\n  - {name: A, source: nothing}\n  - {name: A, source: F_1}\n",
    )
    body = {
        "format": "pdf",
        "mapping": "bad",
        "since": "yesterday",
        "filter": {"F_x": ["a"], "updated_since": "2026-01-01T00:00:00Z"},
        "repeat": "dailyAt",
        "timezone": "Mars",
        "replay": "yes",
        "name": "mine",
    }
    found = faults(user, body)
    assert found.keys() == {
        "format",
        "mapping",
        "since",
        "filter.F_x",
        "filter.updated_since",
        "time",
        "timezone",
        "replay",
        "name",
    }
    assert found["format"] == ["The format field must be one of csv, xml, bc-batch."]
    assert len(found["mapping"]) >= 3
    assert all(text.startswith("Line ") for text in found["mapping"])
    assert ground.jobs() == []


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ({}, "format", "The format field is required."),
        ({"format": "csv", "mapping": "none"}, "mapping", "there is no mappings/none.yaml"),
        ({"format": "csv", "mapping": "../secret"}, "mapping", "must be a name of 1 to 64"),
        ({"format": "xml", "mapping": "test"}, "mapping", "must be xml, as the export asks for"),
        ({"format": "csv", "since": "2029-01-01T00:00:00Z"}, "since", "must not be a time to come"),
        ({"format": "csv", "since": "2023-01-01T00:00:00Z"}, "since", "Deletions are known for 90 days"),
        ({"format": "csv", "filter": []}, "filter", "must be an object"),
        (
            {"format": "csv", "filter": {f"F_{key}": "½" * 16_000 for key in range(2, 20)}},
            "filter",
            "is larger than 16000 bytes",
        ),
        ({"format": "csv", "repeat": "hourly"}, "repeat", "must be one of"),
        ({"format": "csv", "time": "03:00"}, "repeat", "is required"),
    ],
)
def test_what_is_wrong_with_an_order_is_told(user: Gateway, body: Any, field: str, text: str) -> None:
    found = faults(user, body)
    assert list(found) == [field]
    assert text in found[field][0]


def test_exports_are_listed_in_parts_without_links(user: Gateway, ground: ExportGround) -> None:
    ids = [order(user)["id"] for _ in range(5)]
    ground.settle()
    found, cursor = [], ""
    while True:
        answer = user.call("GET", f"/v1/exports?limit=2&cursor={cursor}").json
        found += answer["data"]
        cursor = answer["cursor"]
        if cursor is None:
            break
    assert [each["id"] for each in found] == ids
    assert all("download" not in each["result"] for each in found)


@pytest.mark.parametrize("query", ["stat=failed", "limit=1&limit=2", "cursor=&cursor="])
def test_no_filter_is_overlooked(query: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/exports?{query}")
    assert (answer.status, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


@pytest.mark.parametrize("place", ["", "a/b", "\ud800", "x" * 65])
def test_a_cursor_that_somebody_made_up_is_refused(place: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/exports?cursor={sealed(place, 'exports')}")
    assert (answer.status, set(answer.json["errors"])) == (422, {"cursor"})


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=abc"])
def test_a_bad_part_of_the_list_is_refused(user: Gateway, query: str) -> None:
    answer = user.call("GET", f"/v1/exports?{query}")
    assert (answer.status, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


@pytest.mark.parametrize("name", ["nothing", "%2E%2E", "x" * 65])
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/failed"), ("DELETE", "")])
def test_an_export_that_is_not_there_is_a_404(user: Gateway, name: str, method: str, path: str) -> None:
    answer = user.call(method, f"/v1/exports/{name}{path}")
    assert answer.status == 404
    assert answer.json["message"].startswith("Export not found: ")


def test_an_export_is_cancelled_while_it_runs(user: Gateway, ground: ExportGround) -> None:
    ground.write("1")
    export = order(user)
    assert user.call("DELETE", f"/v1/exports/{export['id']}").json == {
        "status": "success",
        "message": "Export deleted",
        "data": None,
    }
    ground.minute()
    assert user.call("GET", f"/v1/exports/{export['id']}").status == 404
    assert ground.objects() == []


def test_an_order_that_is_sent_again_under_its_key_makes_one_export(
    user: Gateway, ground: ExportGround
) -> None:
    body, key = {"format": "csv", "mapping": "test"}, {"Idempotency-Key": "nightly-2026-11-30"}
    answers = [user.call("POST", "/v1/exports", body, key) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json == answers[1].json
    assert len(ground.jobs()) == 1


def test_exports_are_for_users(anyone: Gateway) -> None:
    for method, path in (("POST", ""), ("GET", ""), ("GET", "/1"), ("GET", "/1/failed"), ("DELETE", "/1")):
        assert anyone.call(method, f"/v1/exports{path}").status == 401
