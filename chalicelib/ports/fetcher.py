"""Fetching a file from an address that a client named."""

from collections.abc import Iterator
from typing import Protocol


class Fetcher(Protocol):
    """Guarded reading of URLs (`https`, `s3`, and by setting `http`)."""

    def check(self, url: str) -> str | None:
        """Why this URL may not be fetched (a fixed text that echoes nothing), or None; asked at acceptance."""
        ...

    def fetch(self, url: str) -> Iterator[bytes]:
        """The bytes as they are (not unpacked), in chunks of at most 1 MiB, within the limits on time and size.

        Raises `FileFault` (cause `fetch` or `size`) for what will not mend itself (4xx, refused address, too large),
        `Unavailable` for what may (5xx, network, time-out), before or between chunks.
        """
        ...
