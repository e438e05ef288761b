"""Notices of the bucket: each new object under `delta/` is a delta file, in the order in which it was written, and one
under `uploads/` is the file that somebody got leave to upload.
"""

import json
from urllib.parse import unquote_plus

from chalicelib.articles.submission import UPLOADS
from chalicelib.ledger.acceptance import Acceptance
from chalicelib.ports.blobs import Blobs

PREFIX = "delta/"


class UnreadableNotice(Exception):
    """A notice that is not one of the bucket's."""


class Intake:
    """Accepts the objects that notices name."""

    def __init__(self, acceptance: Acceptance, blobs: Blobs, bucket: str, strict: bool) -> None:
        self._acceptance, self._blobs, self._bucket, self._strict = acceptance, blobs, bucket, strict

    def take(self, body: str) -> list[int]:
        """Accepts what one notice announces; returns the numbers given now (none for what was accepted before).

        The test message that S3 sends when the notification is set up is taken and ignored.
        Raises `UnreadableNotice`, `Unavailable`, `WriteConflict`.
        """
        accepted: list[int] = []
        for key, version_id in read_notice(body):
            if key.startswith(UPLOADS):
                accepted += self._acceptance.accept_upload(key.removeprefix(UPLOADS), key, version_id)
            elif key.startswith(PREFIX) and not key.endswith("/"):
                accepted += self._acceptance.accept_object(
                    self._blobs, self._bucket, key, version_id, self._strict
                )
        return accepted


def read_notice(body: str) -> list[tuple[str, str]]:
    """Key and version id of every object that a notice announces."""
    try:
        notice = json.loads(body)
        if notice.get("Event") == "s3:TestEvent":
            return []
        return [
            (unquote_plus(record["s3"]["object"]["key"]), str(record["s3"]["object"].get("versionId") or ""))
            for record in notice["Records"]
            if str(record.get("eventName", "")).startswith("ObjectCreated")
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableNotice(type(error).__name__) from error
