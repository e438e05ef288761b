"""Other places that jobs copy to and from: what is written there comes back, page by page, each item once."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request as WebRequest
from urllib.request import urlopen

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.address_guard import FetchPolicy
from chalicelib.adapters.guarded_client import GuardedClient
from chalicelib.adapters.s3_blobs import S3Blobs
from chalicelib.lrs.remotes.files import RemoteFiles
from chalicelib.lrs.remotes.search import RemoteSearch
from chalicelib.lrs.remotes.shape import Item, Remote, Target
from chalicelib.times import written
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.outgoing import MemoryOutgoing
from tests.doubles.search_cluster import PASSWORD, USER, MemoryCluster

NOW = 1_700_000_000_000_000
BUCKET = "remote-files"
HASH = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
TARGET = Target("statements", "Store", "run-1")


def item(number: int, **more: Any) -> Item:
    name = f"00000000-0000-4000-8000-{number:012d}"
    stored = written(NOW + number)
    value = {"id": name, "actor": {"mbox": "mailto:ann@example.com"}, "stored": stored, "note": "ø\r\u2028"}
    return Item(f"Statement {name}", value, {"id": name, "stored": stored, "updated": stored}, **more)


@pytest.fixture
def s3() -> Iterator[S3Blobs]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield S3Blobs(client, BUCKET)


@pytest.fixture
def cluster(opensearch_url: str) -> Iterator[RemoteSearch]:
    """A real node, over guarded requests; its host is allowed by name."""
    prefix = f"remotes-{uuid.uuid4().hex[:8]}"
    policy = FetchPolicy.of(("http", "https"), ("*", "127.0.0.1", "localhost"), BUCKET)
    yield RemoteSearch(GuardedClient(policy), opensearch_url, "", "", prefix)
    with urlopen(WebRequest(f"{opensearch_url}/{prefix}_statements_store", method="DELETE")):
        pass


def memory_cluster() -> RemoteSearch:
    outgoing = MemoryOutgoing({"search.example.com": MemoryCluster()})
    return RemoteSearch(outgoing, "https://search.example.com/", USER, PASSWORD, "copy")


MADE: dict[str, Callable[[pytest.FixtureRequest], Remote]] = {
    "file in memory": lambda request: RemoteFiles(MemoryBlobs(), "exports/"),
    "file in s3": lambda request: RemoteFiles(request.getfixturevalue("s3"), "exports/"),
    "cluster in memory": lambda request: memory_cluster(),
    "cluster": lambda request: request.getfixturevalue("cluster"),
}


@pytest.fixture(params=list(MADE))
def remote(request: pytest.FixtureRequest) -> Remote:
    return MADE[request.param](request)


def write(remote: Remote, items: list[Item], per_page: int = 100, target: Target = TARGET) -> int:
    pages = [items[start : start + per_page] for start in range(0, len(items), per_page)]
    for number, page in enumerate(pages):
        assert remote.write(target, number, page) == []
    remote.end(target, len(pages))
    return len(pages)


def read(
    remote: Remote, position: Any = None, cutoff: int = NOW + 10**9
) -> tuple[list[Item], dict[str, Any]]:
    """All items from a position, and where the next run begins; positions are kept as JSON."""
    found: list[Item] = []
    while True:
        page = remote.page("statements", "Store", position, cutoff)
        found += page.items
        position = json.loads(json.dumps(page.next))
        if page.last:
            return found, position


def test_what_was_written_is_read_page_by_page_in_its_order(remote: Remote) -> None:
    items = [item(number) for number in range(450)]
    write(remote, items)
    found, _ = read(remote)
    assert [each.value for each in found] == [each.value for each in items]
    assert [each.known for each in found] == [each.known for each in items]
    assert not any(each.fault for each in found)


def test_bytes_come_along(remote: Remote) -> None:
    write(remote, [item(1, contents={HASH: b"x"})])
    assert [each.contents for each in read(remote)[0]] == [{HASH: b"x"}]


def test_a_later_run_reads_what_is_new_alone(remote: Remote) -> None:
    write(remote, [item(1), item(2)])
    _, position = read(remote)
    assert read(remote, position)[0] == []
    write(remote, [item(3)], target=Target("statements", "Store", "run-2"))
    found, position = read(remote, position)
    assert [each.value for each in found] == [item(3).value]
    assert read(remote, position)[0] == []


def test_a_page_written_twice_and_a_run_ended_twice_leave_each_item_once(remote: Remote) -> None:
    for _ in range(2):
        remote.write(TARGET, 0, [item(1), item(2)])
    remote.write(TARGET, 1, [item(3)])
    for _ in range(2):
        remote.end(TARGET, 2)
    assert [each.value for each in read(remote)[0]] == [item(number).value for number in (1, 2, 3)]


def test_what_is_beyond_the_cutoff_is_of_a_later_run(remote: Remote) -> None:
    write(remote, [item(number) for number in range(1, 6)])
    found, position = read(remote, cutoff=NOW + 3)
    assert [each.value for each in found] == [item(number).value for number in (1, 2, 3)]
    found, _ = read(remote, position)
    assert [each.value for each in found] == [item(number).value for number in (4, 5)]


def test_a_place_without_anything_is_empty(request: pytest.FixtureRequest) -> None:
    for name in ("file in memory", "file in s3", "cluster in memory"):
        found, position = read(MADE[name](request))
        assert found == []
        assert read(MADE[name](request), position)[0] == []
