"""The learning record store joined over its ports, each service made on first use, whatever stands behind them.

`chalicelib.bootstrap_lrs` puts the real adapters behind the ports; tests put their doubles there.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.statement_store import StatementStore
    from chalicelib.settings import Settings


class JoinedLrs(ABC):
    """The services of the record store, one attribute each; the abstract ones are the ports."""

    @property
    @abstractmethod
    def settings(self) -> Settings: ...
    @property
    @abstractmethod
    def clock(self) -> Clock: ...
    @property
    @abstractmethod
    def blobs(self) -> Blobs: ...
    @property
    @abstractmethod
    def record_clock(self) -> RecordClock: ...
    @property
    @abstractmethod
    def statement_store(self) -> StatementStore: ...

    def new_id(self) -> str:
        """A random name by which a writer knows its own write."""
        return secrets.token_hex(8)
