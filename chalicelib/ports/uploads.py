"""Objects of the bucket that are written part by part, by more than one process; and links to them."""

from typing import Protocol

LEAST_PART = 5 * 1024 * 1024
"""Bytes of every part but the last, at least."""
MOST_PARTS = 10_000


class UploadGone(Exception):
    """The upload was completed or given up, or its parts are not those that were counted."""


class Uploads(Protocol):
    """Uploads to one bucket: nothing can be read under a key until the upload is completed. Raises `Unavailable`."""

    def begin(self, key: str, media_type: str) -> str:
        """Begins an upload; its id."""
        ...

    def put_part(self, key: str, upload: str, number: int, data: bytes | bytearray) -> None:
        """Stores a part (from 1) that is not empty, over one of the same number. Raises `UploadGone`."""
        ...

    def complete(self, key: str, upload: str, parts: int, size: int) -> None:
        """Puts so many parts together, which have so many bytes; done again it does nothing.

        Without parts it stores an empty object. Raises `UploadGone`.
        """
        ...

    def give_up(self, key: str, upload: str) -> None:
        """Drops the parts; of an upload that is gone, nothing."""
        ...

    def link(self, key: str, name: str, seconds: int) -> str:
        """An address under which anyone may read the object for so long, as a file of this name; it need not exist."""
        ...
