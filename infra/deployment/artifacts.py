"""The bucket from which CloudFormation and Lambda take what is deployed."""

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The region whose buckets are made without naming it.
_DEFAULT_REGION = "us-east-1"


class Artifacts:
    """A private bucket; what is in it is named by its content, so that nothing is uploaded twice.

    `account` makes S3 refuse a bucket of this name that belongs to someone else.
    """

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        region: str,
        account: str | None = None,
        *,
        endpoint_url: str | None = None,
    ) -> None:
        self.bucket = bucket
        self._s3, self._region, self._endpoint_url = s3, region, endpoint_url
        self._owner: Any = {"ExpectedBucketOwner": account} if account else {}

    def ensure_bucket(self) -> None:
        """Make the bucket if there is none, closed to the public."""
        try:
            self._s3.head_bucket(Bucket=self.bucket, **self._owner)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            self._make_bucket()

    def upload(self, content: bytes, kind: str, suffix: str) -> str:
        """Store the bytes unless they are there, and return their key."""
        key = f"{kind}/{hashlib.sha256(content).hexdigest()}{suffix}"
        try:
            self._s3.head_object(Bucket=self.bucket, Key=key, **self._owner)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=content, **self._owner)
        return key

    def url(self, key: str) -> str:
        """The address of an object, as CloudFormation takes it."""
        if self._endpoint_url:
            return f"{self._endpoint_url}/{self.bucket}/{key}"
        return f"https://{self.bucket}.s3.{self._region}.amazonaws.com/{key}"

    def _make_bucket(self) -> None:
        where: Any = {}
        if self._region != _DEFAULT_REGION:
            where = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        self._s3.create_bucket(Bucket=self.bucket, **where)
        closed: Any = {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        }
        self._s3.put_public_access_block(
            Bucket=self.bucket, PublicAccessBlockConfiguration=closed, **self._owner
        )
