"""What every store of uploads promises, held by the one in memory and the one on S3 (moto)."""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from chalicelib.adapters.s3_blobs import S3Blobs, make_client
from chalicelib.adapters.s3_uploads import S3Uploads
from chalicelib.errors import Unavailable
from chalicelib.ports.blobs import Blobs
from chalicelib.ports.uploads import LEAST_PART, UploadGone, Uploads
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.uploads import MemoryUploads

BUCKET, KEY, TYPE = "files", "exports/a é.csv", "text/csv"
LARGE = b"x" * LEAST_PART


class Store(NamedTuple):
    """Uploads, the bucket that they go to, and how many are open."""

    uploads: Uploads
    blobs: Blobs
    unfinished: Callable[[], int]


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        blobs = MemoryBlobs()
        memory = MemoryUploads(blobs)
        yield Store(memory, blobs, lambda: len(memory.open))
        return
    with mock_aws():
        client: S3Client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield Store(
            S3Uploads(client, BUCKET),
            S3Blobs(client, BUCKET),
            lambda: len(client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])),
        )


def content(store: Store) -> bytes:
    return b"".join(store.blobs.read(KEY))


def test_parts_are_put_together_in_their_order(store: Store) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    store.uploads.put_part(KEY, upload, 2, b"end")
    store.uploads.put_part(KEY, upload, 1, bytearray(LARGE))
    assert store.blobs.size(KEY) is None
    store.uploads.complete(KEY, upload, 2, LEAST_PART + 3)
    assert content(store) == LARGE + b"end"
    assert store.unfinished() == 0


def test_a_part_that_is_stored_again_has_the_place_of_the_first(store: Store) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    for _ in range(2):
        store.uploads.put_part(KEY, upload, 1, b"one")
    store.uploads.complete(KEY, upload, 1, 3)
    assert content(store) == b"one"


def test_completed_again_an_upload_stays_as_it_is(store: Store) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    store.uploads.put_part(KEY, upload, 1, b"one")
    store.uploads.complete(KEY, upload, 1, 3)
    store.uploads.complete(KEY, upload, 1, 3)
    assert content(store) == b"one"


def test_without_parts_there_is_an_empty_object(store: Store) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    for _ in range(2):
        store.uploads.complete(KEY, upload, 0, 0)
    assert content(store) == b""
    assert store.unfinished() == 0


@pytest.mark.parametrize(("parts", "size"), [(2, 3), (1, 4)])
def test_parts_that_are_not_those_that_were_counted_make_no_object(
    store: Store, parts: int, size: int
) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    store.uploads.put_part(KEY, upload, 1, b"one")
    with pytest.raises(UploadGone):
        store.uploads.complete(KEY, upload, parts, size)
    assert store.blobs.size(KEY) is None


def test_small_parts_before_the_last_make_no_object(store: Store) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    store.uploads.put_part(KEY, upload, 1, b"one")
    store.uploads.put_part(KEY, upload, 2, b"two")
    with pytest.raises(UploadGone):
        store.uploads.complete(KEY, upload, 2, 6)


def test_an_upload_that_was_given_up_takes_nothing_more(store: Store) -> None:
    upload = store.uploads.begin(KEY, TYPE)
    store.uploads.put_part(KEY, upload, 1, b"one")
    store.uploads.give_up(KEY, upload)
    store.uploads.give_up(KEY, upload)
    if isinstance(store.uploads, MemoryUploads):  # moto breaks at parts of an upload that is gone: see below
        with pytest.raises(UploadGone):
            store.uploads.put_part(KEY, upload, 2, b"two")
        with pytest.raises(UploadGone):
            store.uploads.complete(KEY, upload, 1, 3)
    assert store.blobs.size(KEY) is None
    assert store.unfinished() == 0


def test_an_upload_that_s3_does_not_know_is_gone() -> None:
    with mock_aws():
        client: S3Client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        with Stubber(client) as s3:
            s3.add_client_error("upload_part", "NoSuchUpload", http_status_code=404)
            with pytest.raises(UploadGone):
                S3Uploads(client, BUCKET).put_part(KEY, "gone", 1, b"one")
            s3.add_client_error("list_parts", "NoSuchUpload", http_status_code=404)
            s3.add_client_error("head_object", "404", http_status_code=404)
            with pytest.raises(UploadGone):
                S3Uploads(client, BUCKET).complete(KEY, "gone", 1, 3)
            s3.add_client_error("list_parts", "NoSuchUpload", http_status_code=404)
            s3.add_response("head_object", {"ContentLength": 3})
            S3Uploads(client, BUCKET).complete(KEY, "done before", 1, 3)
            s3.add_client_error("list_parts", "SlowDown", http_status_code=503)
            with pytest.raises(Unavailable):
                S3Uploads(client, BUCKET).complete(KEY, "slow", 1, 3)
            s3.assert_no_pending_responses()


def test_a_link_names_the_object_the_file_and_how_long_it_is_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        client = make_client()
        parts = urlsplit(S3Uploads(client, BUCKET).link(KEY, "é 1.csv", 3600))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.path.endswith("/exports/a%20%C3%A9.csv")
    assert query["response-content-disposition"] == "attachment; filename*=UTF-8''%C3%A9%201.csv"
    assert query["X-Amz-Expires"] == "3600"
