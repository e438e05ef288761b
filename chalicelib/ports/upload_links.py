"""Addresses at which a client may put an object of the bucket without any right of its own."""

from typing import Protocol


class UploadLinks(Protocol):
    """Links to one bucket."""

    def upload_link(self, key: str, size: int, seconds: int) -> str:
        """An address that takes a PUT of exactly so many bytes, with that `Content-Length`, for so long.

        Raises `Unavailable`.
        """
        ...
