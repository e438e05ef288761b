"""Multipart uploads to one S3 bucket, and presigned links."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from chalicelib.adapters.aws_answers import answered, code_of
from chalicelib.ports.uploads import UploadGone

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART = "The bucket"
_GONE = frozenset(("NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"))


class S3Uploads:
    """The `Uploads` of a bucket. What its parts are, S3 is asked before they are put together."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def begin(self, key: str, media_type: str) -> str:
        with answered(PART):
            answer = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=media_type
            )
        return answer["UploadId"]

    def put_part(self, key: str, upload: str, number: int, data: bytes | bytearray) -> None:
        body = cast("bytes", data)  # botocore takes both, its types know one
        with _there(upload):
            self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=body
            )

    def complete(self, key: str, upload: str, parts: int, size: int) -> None:
        if not parts:
            with answered(PART):
                self._client.put_object(Bucket=self._bucket, Key=key, Body=b"")
            self.give_up(key, upload)
            return
        try:
            found, stored = self._parts(key, upload)
            if len(found) != parts or stored != size:
                raise UploadGone(upload)
            with _there(upload):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": found}
                )
        except UploadGone:
            if self._size(key) != size:  # completed before, and its answer was lost
                raise

    def give_up(self, key: str, upload: str) -> None:
        try:
            with _there(upload):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except UploadGone:
            return

    def link(self, key: str, name: str, seconds: int) -> str:
        with answered(PART):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                },
                ExpiresIn=seconds,
            )

    def _parts(self, key: str, upload: str) -> tuple[list["CompletedPartTypeDef"], int]:
        """The parts that are stored, in order, and their bytes."""
        found: list[CompletedPartTypeDef] = []
        size = 0
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=key, UploadId=upload
        )
        with _there(upload):
            for page in pages:
                for part in page.get("Parts", []):
                    found.append({"ETag": part["ETag"], "PartNumber": part["PartNumber"]})
                    size += part["Size"]
        return found, size

    def _size(self, key: str) -> int | None:
        from botocore.exceptions import ClientError

        with answered(PART):
            try:
                return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
            except ClientError as error:
                if code_of(error) in ("404", "NoSuchKey"):
                    return None
                raise


@contextmanager
def _there(upload: str) -> Iterator[None]:
    """Turns what S3 says of an upload that is gone into `UploadGone`."""
    from botocore.exceptions import ClientError

    with answered(PART):
        try:
            yield
        except ClientError as error:
            if code_of(error) in _GONE:
                raise UploadGone(upload) from None
            raise
