"""How records of stores, clients and connections are told apart."""

import secrets
from collections.abc import Sequence
from typing import TypeVar

from chalicelib.errors import NotFound
from chalicelib.ports.lrs_access import ClientRecord, StoreRecord

MAX_NAME = 100  # characters of an unknown name that an error repeats

Named = TypeVar("Named", StoreRecord, ClientRecord)


def new_id() -> str:
    """An id that no record has had."""
    return secrets.token_hex(10)


def new_version() -> str:
    """A version that no record has had."""
    return secrets.token_hex(10)


def find(kind: str, name: str, among: Sequence[Named]) -> Named:
    """The record with this id, else the one with this slug. Raises `NotFound`."""
    found = [each for each in among if each.id == name] or [each for each in among if each.slug == name]
    if not found:
        raise NotFound(kind, name[:MAX_NAME])
    return found[0]
