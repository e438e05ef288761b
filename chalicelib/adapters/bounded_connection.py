"""A connection to OpenSearch that reads so many bytes of an answer and no more, whatever the engine sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opensearchpy.connection import Urllib3HttpConnection


class AnswerTooLarge(Exception):
    """An answer has more bytes than were asked for at most; the rest of it was not read."""


@dataclass(frozen=True)
class _Answer:
    """What opensearch-py reads of a response."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _BoundedPool:
    """A pool of urllib3 whose answers have a bound."""

    def __init__(self, pool: Any, most_bytes: int) -> None:
        self._pool, self._most = pool, most_bytes

    def urlopen(self, *arguments: Any, **named: Any) -> _Answer:
        response = self._pool.urlopen(*arguments, preload_content=False, **named)
        data = response.read(self._most + 1)
        if len(data) > self._most:
            response.close()  # the rest is on its way: the connection cannot be used again
            raise AnswerTooLarge
        response.release_conn()
        return _Answer(response.status, response.headers, data)

    def close(self) -> None:
        self._pool.close()


def bounded_connection(most_bytes: int) -> type[Urllib3HttpConnection]:
    """A class of connections for opensearch-py's transport whose answers have so many bytes at most."""

    class BoundedConnection(Urllib3HttpConnection):
        def _create_urllib3_pool(self) -> None:
            super()._create_urllib3_pool()
            self.pool = _BoundedPool(self.pool, most_bytes)

    return BoundedConnection
