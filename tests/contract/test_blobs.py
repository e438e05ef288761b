"""What every file store promises, held by the one in memory and the one on S3 (moto)."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ResponseStreamingError
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from chalicelib.adapters import s3_blobs
from chalicelib.adapters.s3_blobs import S3Blobs
from chalicelib.errors import FileFault, Unavailable
from chalicelib.ports.blobs import BlobNotFound, Blobs
from tests.doubles.blobs import MemoryBlobs

BUCKET = "files"
PART = 5 * 1024 * 1024  # the smallest that S3, and moto, take
CHUNK = 1024 * 1024
KEY = "delta/a é&+.json"


class Store(NamedTuple):
    """A store and what people do to it: put a version (its id comes back), delete, count open uploads."""

    blobs: Blobs
    put: Callable[[str, bytes], str]
    delete: Callable[[str], None]
    unfinished: Callable[[], int]


def make_client() -> S3Client:
    return boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def client() -> Iterator[S3Client]:
    with mock_aws():
        client = make_client()
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        memory = MemoryBlobs()
        return Store(memory, memory.put, memory.delete, lambda: 0)
    client: S3Client = request.getfixturevalue("client")
    return Store(
        S3Blobs(client, BUCKET, part_bytes=PART),
        lambda key, data: client.put_object(Bucket=BUCKET, Key=key, Body=data)["VersionId"],
        lambda key: client.delete_object(Bucket=BUCKET, Key=key) and None,
        lambda: len(client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])),
    )


def content(blobs: Blobs, key: str, version_id: str = "") -> bytes:
    return b"".join(blobs.read(key, version_id))


def test_what_was_put_is_read_in_chunks_of_at_most_a_mebibyte(store: Store) -> None:
    data = bytes(range(256)) * 10_000
    store.put(KEY, data)
    chunks = list(store.blobs.read(KEY))
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= CHUNK
    assert store.blobs.size(KEY) == len(data)


def test_an_empty_object_is_read(store: Store) -> None:
    store.put(KEY, b"")
    assert content(store.blobs, KEY) == b""
    assert store.blobs.size(KEY) == 0
    assert store.blobs.read_range(KEY, 0, 5) == b""


def test_each_version_is_read_by_its_id(store: Store) -> None:
    first = store.put(KEY, b"one")
    second = store.put(KEY, b"second")
    store.put(f"{KEY}x", b"another")
    assert content(store.blobs, KEY) == b"second"
    assert content(store.blobs, KEY, first) == b"one"
    assert [(v.key, v.version_id, v.size) for v in store.blobs.versions(KEY)] == [
        (KEY, second, 6),
        (KEY, first, 3),
    ]


def test_a_deleted_object_is_gone_but_its_versions_stay(store: Store) -> None:
    first = store.put(KEY, b"one")
    store.delete(KEY)
    assert store.blobs.size(KEY) is None
    assert [version.version_id for version in store.blobs.versions(KEY)] == [first]
    assert content(store.blobs, KEY, first) == b"one"
    with pytest.raises(BlobNotFound):
        content(store.blobs, KEY)


def test_what_is_not_there_is_not_found(store: Store) -> None:
    store.put(f"{KEY}x", b"another")
    with pytest.raises(BlobNotFound):
        content(store.blobs, KEY)
    with pytest.raises(BlobNotFound):
        content(store.blobs, f"{KEY}x", "no-such-version")
    with pytest.raises(BlobNotFound):
        store.blobs.read_range(KEY, 0, 1)
    assert store.blobs.size(KEY) is None
    assert store.blobs.versions(KEY) == []


@pytest.mark.parametrize(
    ("start", "end", "part"),
    [(0, 10, b"0123456789"), (2, 5, b"234"), (9, 10, b"9"), (8, 99, b"89"), (10, 12, b""), (4, 4, b"")],
)
def test_a_range_is_read(store: Store, start: int, end: int, part: bytes) -> None:
    store.put(KEY, b"0123456789")
    assert store.blobs.read_range(KEY, start, end) == part


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART + 77])
def test_chunks_are_stored_as_one_object(store: Store, size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    assert store.blobs.write_once(KEY, (data[at : at + 700_001] for at in range(0, size, 700_001))) == size
    assert content(store.blobs, KEY) == data
    assert store.unfinished() == 0


def test_the_first_writer_wins_and_the_second_reads_nothing(store: Store) -> None:
    assert store.blobs.write_once(KEY, [b"first"]) == 5

    unread = iter([b"second"])
    assert store.blobs.write_once(KEY, unread) == 5
    assert list(unread) == [b"second"]
    assert content(store.blobs, KEY) == b"first"


@pytest.mark.parametrize("size", [6, PART + 1])
def test_a_writer_overtaken_on_its_way_leaves_the_first_one_alone(store: Store, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(size - 1)
        store.put(KEY, b"first")
        yield b"x"

    assert store.blobs.write_once(KEY, chunks()) == 5
    assert content(store.blobs, KEY) == b"first"
    assert store.unfinished() == 0


@pytest.mark.parametrize("size", [6, 2 * PART + 1])
@pytest.mark.parametrize("error", [FileFault("cut off"), KeyboardInterrupt()])
def test_a_source_that_breaks_leaves_nothing_behind(store: Store, size: int, error: BaseException) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(size)
        raise error

    with pytest.raises(type(error)):
        store.blobs.write_once(KEY, chunks())
    assert store.blobs.size(KEY) is None
    assert store.unfinished() == 0


def test_a_key_may_be_written_again_after_it_was_deleted(store: Store) -> None:
    store.put(KEY, b"old")
    store.delete(KEY)
    assert store.blobs.write_once(KEY, [b"newer"]) == 5
    assert content(store.blobs, KEY) == b"newer"


def test_many_versions_are_listed_page_by_page(client: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [client.put_object(Bucket=BUCKET, Key=KEY, Body=b"x")["VersionId"] for _ in range(5)]
    client.put_object(Bucket=BUCKET, Key=f"{KEY}x", Body=b"x")
    list_versions = client.list_object_versions
    paginate = client.get_paginator("list_object_versions").paginate
    monkeypatch.setattr(
        type(client.get_paginator("list_object_versions")),
        "paginate",
        lambda _, **given: paginate(**given, PaginationConfig={"PageSize": 2}),
    )
    assert list_versions(Bucket=BUCKET, Prefix=KEY, MaxKeys=2)["IsTruncated"]
    assert [version.version_id for version in S3Blobs(client, BUCKET).versions(KEY)] == ids[::-1]


def test_every_error_of_s3_is_unavailable_and_names_its_kind() -> None:
    client = make_client()
    blobs = S3Blobs(client, BUCKET)
    with Stubber(client) as stub:
        for operation in ("get_object", "get_object", "head_object", "head_object", "list_object_versions"):
            stub.add_client_error(operation, "SlowDown", "inner detail", http_status_code=503)
        for call in (
            lambda: list(blobs.read(KEY)),
            lambda: blobs.read_range(KEY, 0, 1),
            lambda: blobs.size(KEY),
            lambda: blobs.write_once(KEY, [b"x"]),
            lambda: blobs.versions(KEY),
        ):
            with pytest.raises(Unavailable) as caught:
                call()
            assert caught.value.reason == "SlowDown"
            assert "inner detail" not in str(caught.value)


def test_a_failed_part_gives_the_upload_back() -> None:
    client = make_client()
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        stub.add_client_error("upload_part", "SlowDown", http_status_code=503)
        stub.add_client_error("abort_multipart_upload", "SlowDown", http_status_code=503)
        with pytest.raises(Unavailable):
            S3Blobs(client, BUCKET, part_bytes=10).write_once(KEY, [bytes(25)])
        stub.assert_no_pending_responses()


def test_two_writers_at_the_same_moment_send_one_back() -> None:
    client = make_client()
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
        stub.add_client_error("head_object", "404", http_status_code=404)
        with pytest.raises(Unavailable):
            S3Blobs(client, BUCKET).write_once(KEY, [b"x"])


def test_a_stream_that_breaks_is_unavailable() -> None:
    class Body:
        closed = False

        def iter_chunks(self, size: int) -> Iterator[bytes]:
            yield b"x" * min(size, 3)
            raise ResponseStreamingError(error=OSError("reset"))

        def close(self) -> None:
            self.closed = True

    class Client:
        def __init__(self) -> None:
            self.body = Body()

        def get_object(self, **_: object) -> dict[str, object]:
            return {"Body": self.body}

    client = Client()
    chunks = S3Blobs(client, BUCKET).read(KEY)  # type: ignore[arg-type]
    assert next(chunks) == b"xxx"
    with pytest.raises(Unavailable):
        next(chunks)
    assert client.body.closed


def test_the_clients_are_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    config: Any = s3_blobs.make_client().meta.config
    assert config.connect_timeout == 2
    assert config.read_timeout == 20
    assert config.retries["total_max_attempts"] == 3


def test_what_is_put_again_replaces_what_was_there(store: Store) -> None:
    store.blobs.put(KEY, b"first")
    store.blobs.put(KEY, b"")
    store.blobs.put(KEY, b"\x00second")
    assert content(store.blobs, KEY) == b"\x00second"


def test_what_is_deleted_is_gone_and_may_come_again(store: Store) -> None:
    store.blobs.delete(KEY)
    store.blobs.put(KEY, b"x")
    store.blobs.delete(KEY)
    assert store.blobs.size(KEY) is None
    with pytest.raises(BlobNotFound):
        content(store.blobs, KEY)
    store.blobs.put(KEY, b"again")
    assert content(store.blobs, KEY) == b"again"


@pytest.mark.parametrize("call", ["put_object", "delete_object"])
def test_a_bucket_that_is_busy_is_unavailable(call: str) -> None:
    client = make_client()
    with Stubber(client) as stub:
        stub.add_client_error(call, "SlowDown", http_status_code=503)
        blobs = S3Blobs(client, BUCKET)
        with pytest.raises(Unavailable):
            blobs.put(KEY, b"x") if call == "put_object" else blobs.delete(KEY)


@pytest.mark.parametrize("size", [0, 5, 11 * 1024 * 1024])
def test_what_is_streamed_in_replaces_what_was_there_at_once(store: Store, size: int) -> None:
    store.blobs.put(KEY, b"first")

    def chunks() -> Iterator[bytes]:
        for at in range(0, size, 1024 * 1024):
            assert at or content(store.blobs, KEY) == b"first"
            yield b"x" * min(1024 * 1024, size - at)

    before = store.blobs.state(KEY)
    assert before is not None
    assert store.blobs.replace(KEY, chunks(), before.tag, "a note") is True
    assert content(store.blobs, KEY) == b"x" * size
    after = store.blobs.state(KEY)
    assert after is not None
    assert (after.size, after.note) == (size, "a note")
    assert after.tag != before.tag


def test_what_was_replaced_since_it_was_read_is_not_replaced(store: Store) -> None:
    assert store.blobs.state(KEY) is None
    assert store.blobs.replace(KEY, [b"first"], None) is True
    seen = store.blobs.state(KEY)
    assert seen is not None
    assert (seen.size, seen.note) == (5, "")
    assert store.blobs.replace(KEY, [b"again"], None) is False
    store.blobs.put(KEY, b"another's")
    assert store.blobs.replace(KEY, [b"again"], seen.tag, "note") is False
    assert content(store.blobs, KEY) == b"another's"
    store.blobs.delete(KEY)
    assert store.blobs.replace(KEY, [b"again"], seen.tag) is False
    assert store.blobs.state(KEY) is None


def test_of_two_who_replace_what_both_read_one_wins(store: Store) -> None:
    store.blobs.put(KEY, b"first")
    seen = store.blobs.state(KEY)
    assert seen is not None

    def chunks() -> Iterator[bytes]:
        assert store.blobs.replace(KEY, [b"the faster"], seen.tag) is True
        yield b"the slower"

    assert store.blobs.replace(KEY, chunks(), seen.tag) is False
    assert content(store.blobs, KEY) == b"the faster"


def test_parts_replace_what_was_read_alone_and_are_given_back_otherwise() -> None:
    client, data = make_client(), b"x" * (PART + 1)
    named = {"Bucket": BUCKET, "Key": KEY}
    with Stubber(client) as stub:
        stub.add_response(
            "create_multipart_upload", {"UploadId": "u"}, {**named, "Metadata": {"note": "one"}}
        )
        for number, body in enumerate((data[:PART], data[PART:]), 1):
            sent = {**named, "UploadId": "u", "PartNumber": number, "Body": body}
            stub.add_response("upload_part", {"ETag": f"e{number}"}, sent)
        parts = [{"ETag": f"e{number}", "PartNumber": number} for number in (1, 2)]
        stub.add_client_error(
            "complete_multipart_upload",
            "PreconditionFailed",
            http_status_code=412,
            expected_params={
                **named,
                "UploadId": "u",
                "MultipartUpload": {"Parts": parts},
                "IfMatch": "tag",
            },
        )
        stub.add_response("abort_multipart_upload", {}, {**named, "UploadId": "u"})
        blobs = S3Blobs(client, BUCKET, part_bytes=PART)
        assert blobs.replace(KEY, [data], "tag", "one") is False
        stub.assert_no_pending_responses()


def test_a_replacement_that_breaks_changes_nothing(store: Store) -> None:
    store.blobs.put(KEY, b"first")
    seen = store.blobs.state(KEY)
    assert seen is not None

    def chunks() -> Iterator[bytes]:
        yield b"x" * 11 * 1024 * 1024
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        store.blobs.replace(KEY, chunks(), seen.tag)
    assert content(store.blobs, KEY) == b"first"
