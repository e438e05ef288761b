"""Presigned uploads to one S3 bucket; signing asks nobody."""

from typing import TYPE_CHECKING

from chalicelib.adapters.aws_answers import CONNECT_SECONDS, answered

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = "The bucket"


def make_client() -> "S3Client":
    """A client that signs as S3 wants it in every region, headers included; region and keys are the environment's."""
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        # The client that uploads computes no checksum of AWS's: none may be asked of it.
        request_checksum_calculation="when_required",
    )
    return boto3.client("s3", config=config)


class S3UploadLinks:
    """`ports.upload_links.UploadLinks` of a bucket. The length is among the signed headers: S3 refuses any other."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def upload_link(self, key: str, size: int, seconds: int) -> str:
        with answered(PART):
            return self._client.generate_presigned_url(
                "put_object",
                Params={"Bucket": self._bucket, "Key": key, "ContentLength": size},
                ExpiresIn=seconds,
            )
