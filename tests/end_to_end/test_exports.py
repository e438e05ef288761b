"""Exports on the packaged stack, each function with the rights of its own role: ordered over HTTP, fetched by link."""

import csv
import hashlib
import io
import time
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from uuid import uuid4

import pytest

from chalicelib.adapters.s3_blobs import make_client
from chalicelib.adapters.s3_uploads import S3Uploads
from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.system import System, entry, eventually
from tests.end_to_end.test_least_privilege import REFUSED

FUNCTIONS = ("api", "job-tick", "job-worker")
# To the next minute, and a tick each minute; the emulator is some seconds late with each.
TWO_TICKS = 240.0
MAPPING = """
version: 1
format: csv
columns:
  - {name: Number, source: number}
  - {name: Gone, source: deleted}
  - {name: Code, source: F_3}
  - {name: Price, source: F_80004, type: decimal, missing: leave-out}
"""


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    return local_stack.with_settings(enforce_roles=True)


@pytest.fixture(scope="module", autouse=True)
def since(system: System) -> float:
    return time.time()


@pytest.fixture(scope="module")
def mapping(system: System) -> str:
    name = f"test-{uuid4().hex[:8]}"
    system.client("s3").put_object(
        Bucket=system.description.bucket, Key=f"mappings/{name}.yaml", Body=MAPPING.encode()
    )
    return name


def order(system: System, **body: object) -> dict[str, Any]:
    answer = system.api.post("exports", {"format": "csv", **body})
    assert answer.status == 202, answer.body
    return dict(answer.data)


def show(system: System, export: Mapping[str, Any]) -> dict[str, Any]:
    answer = system.api.get(f"exports/{export['id']}")
    assert answer.status == 200, answer.body
    return dict(answer.data)


def ended(system: System, export: Mapping[str, Any]) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        now = show(system, export)
        return now if now["state"] in ("succeeded", "failed") else None

    now = dict(eventually(f"the end of export {export['id']}", found))
    assert now["state"] == "succeeded", now
    progress = now["progress"]
    assert progress["total"] == progress["done"] + progress["skipped"] + progress["failed"]
    return now


def fetch(url: str) -> tuple[bytes, str]:
    """What anyone reads under a link, and the name that it gives the file."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), answer.headers["Content-Disposition"]


def rows(result: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    data, disposition = fetch(result["download"]["url"])
    assert len(data) == result["bytes"]
    assert hashlib.sha256(data).hexdigest() == result["sha256"]
    assert result["file_name"] in disposition
    found = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";")
    return {row["Number"]: row for row in found}


def test_all_articles_are_fetched_by_a_link_and_what_changed_by_the_next(
    system: System, mapping: str
) -> None:
    mark = uuid4().hex[:8]
    numbers = [f"{mark}-{index:03d}" for index in range(60)]
    system.apply(*(entry("add-article", number, F_3='45° ½"; spot', F_80004="248,28") for number in numbers))
    system.apply(entry("add-article", f"{mark}-bad", F_80004="on request"))
    first = ended(system, order(system, mapping=mapping))
    found = rows(first["result"])
    assert set(numbers) <= found.keys()
    assert found[numbers[0]] == {
        "Number": numbers[0],
        "Gone": "0",
        "Code": '45° ½"; spot',
        "Price": "248,28",
    }
    assert f"{mark}-bad" not in found
    failed = system.api.get(f"exports/{first['id']}/failed").data
    assert failed["rows"] == first["result"]["failed"] >= 1
    assert f"{mark}-bad".encode() in fetch(failed["download"]["url"])[0]

    system.apply(
        entry("replace-article-feature", numbers[0], F_3="changed"), entry("delete-article", numbers[1])
    )
    second = ended(system, order(system, mapping=mapping, since="last"))
    changed = rows(second["result"])
    assert (changed[numbers[0]]["Code"], changed[numbers[0]]["Gone"]) == ("changed", "0")
    assert changed[numbers[1]]["Gone"] == "1"
    assert second["result"]["deleted"] >= 1
    for export in (first, second):
        assert system.api.call("DELETE", f"/api/v1/exports/{export['id']}").status == 200
    with pytest.raises(OSError, match="404"):
        fetch(first["result"]["download"]["url"])


@pytest.mark.parametrize("form", ["csv", "xml", "bc-batch"])
def test_each_format_needs_no_mapping_of_its_own(system: System, form: str) -> None:
    system.apply(entry("add-article", f"{form}-{uuid4().hex[:8]}", F_3="lamp"))
    export = ended(system, order(system, format=form))
    data, _ = fetch(export["result"]["download"]["url"])
    assert len(data) == export["result"]["bytes"] > 0
    assert system.api.call("DELETE", f"/api/v1/exports/{export['id']}").status == 200


def test_a_link_that_is_over_is_refused_and_reading_the_export_gives_a_fresh_one(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = system.description
    for name, value in {
        "AWS_ENDPOINT_URL": found.aws_endpoint_url,
        "AWS_DEFAULT_REGION": found.region,
        "AWS_ACCESS_KEY_ID": found.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": found.aws_secret_access_key,
    }.items():
        monkeypatch.setenv(name, value)
    system.apply(entry("add-article", f"link-{uuid4().hex[:8]}", F_3="lamp"))
    export = ended(system, order(system))
    bucket, file_name = found.bucket, export["result"]["file_name"]
    stored = system.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"exports/{export['id']}/")
    [key] = [each["Key"] for each in stored["Contents"] if each["Key"].endswith(f"/{file_name}")]
    short = S3Uploads(make_client(), bucket).link(key, file_name, 1)

    def refused() -> HTTPError | None:
        try:
            fetch(short)
        except HTTPError as error:
            return error
        return None

    error: HTTPError = eventually("the end of a link of one second", refused)
    assert error.code == 403
    told = error.read().decode()
    assert "<Code>AccessDenied</Code>" in told
    assert "Request has expired" in told
    data, _ = fetch(show(system, export)["result"]["download"]["url"])
    assert len(data) == export["result"]["bytes"]
    assert system.api.call("DELETE", f"/api/v1/exports/{export['id']}").status == 200


def test_an_export_of_every_minute_runs_by_itself_and_is_cancelled(system: System, mapping: str) -> None:
    export = order(system, mapping=mapping, since="last", repeat="everyMinute")
    assert export["state"] == "scheduled"
    eventually("two results", lambda: show(system, export)["earlier_results"], TWO_TICKS)
    found = show(system, export)
    assert found["success"]
    assert found["next_run_at"]
    assert found["result"]["since"] is not None
    assert system.api.call("DELETE", f"/api/v1/exports/{export['id']}").status == 200
    assert system.api.call("GET", f"/api/v1/exports/{export['id']}").status == 404
    listed = system.client("s3").list_objects_v2(
        Bucket=system.description.bucket, Prefix=f"exports/{export['id']}/"
    )
    assert listed["KeyCount"] == 0


def test_nothing_was_refused_to_either_function(system: System, since: float) -> None:
    lines = {name: system.log_lines(name, since) for name in FUNCTIONS}
    assert any("passed" in line for line in lines["job-worker"])
    assert [line for of_one in lines.values() for line in of_one if REFUSED.search(line)] == []
