"""Connections to other places that records come from or go to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import get_args
from urllib.parse import urlsplit

from chalicelib.errors import NotFound, WriteConflict
from chalicelib.lrs.access.fields import Fields
from chalicelib.lrs.access.identity import MAX_NAME, new_id, new_version
from chalicelib.lrs.errors import StateConflict
from chalicelib.ports.clock import Clock
from chalicelib.ports.lrs_access import AccessStore, ConnectionRecord, ConnectionType

READ_ONLY = ("id", "type")
FIELDS = ("name", "settings", *READ_ONLY)
SETTINGS: Mapping[ConnectionType, tuple[str, ...]] = {
    "lrs": ("endpoint", "username", "password"),
    "file": ("prefix",),
    "db": ("driver", "host", "username", "password", "prefix"),
}
"""The settings of each type."""

SECRETS = ("password",)
OPTIONAL = ("prefix",)
OPTIONAL_IN_DB = ("username", "password")  # a cluster may let whoever reaches it in
DRIVERS = ("opensearch", "elasticsearch")
LONGEST_PREFIX = 200
_PREFIX = re.compile(r"[A-Za-z0-9._/-]*")
_ADDRESS = "The {name} field must be an http or https address without user name, query and fragment."


class Connections:
    """Connections as the Access API changes them; `used_by` names a job that uses the connection with an id."""

    def __init__(
        self, store: AccessStore, clock: Clock, used_by: Callable[[str], str | None] = lambda _: None
    ) -> None:
        self._store, self._clock, self._used_by = store, clock, used_by

    def all(self, kind: ConnectionType) -> list[ConnectionRecord]:
        """All connections of a type, the oldest first."""
        return sorted(self._store.connections(kind), key=lambda one: (one.created_at, one.id))

    def get(self, kind: ConnectionType, connection_id: str) -> ConnectionRecord:
        """One connection. Raises `NotFound`."""
        found = self._store.connection(kind, connection_id) if _is_id(connection_id) else None
        if found is None:
            raise NotFound("Connection", connection_id[:MAX_NAME])
        return found

    def create(self, kind: ConnectionType, given: Mapping[str, object]) -> ConnectionRecord:
        """Makes a connection from `name` and `settings`. Raises `Invalid`, `Unavailable` (it may have been made)."""
        blank = ConnectionRecord(new_id(), kind, new_version(), "", self._clock.now())
        record = _read(given, blank)
        if not self._store.put_connection(record, None):
            raise WriteConflict("Connection", record.id)
        return record

    def update(
        self, kind: ConnectionType, connection_id: str, given: Mapping[str, object]
    ) -> ConnectionRecord:
        """Changes the fields and settings that are given; a secret that is not given stays.

        A secret goes with the place that it is for: where the address changes, it must be sent again.
        Raises `NotFound`, `Invalid`, `WriteConflict`, `Unavailable` (it may have happened).
        """
        current = self.get(kind, connection_id)
        record = _read(given, replace(current, version=new_version()))
        if not self._store.put_connection(record, current.version):
            raise WriteConflict("Connection", connection_id)
        return record

    def delete(self, kind: ConnectionType, connection_id: str) -> ConnectionRecord:
        """Deletes a connection that no job uses; returns what it was.

        Raises `NotFound`, `StateConflict` (a job uses it), `WriteConflict`, `Unavailable`.
        """
        found = self.get(kind, connection_id)
        self._check_unused(connection_id)
        gone = self._store.delete_connection(kind, connection_id, found.version)
        if not gone and self._store.connection(kind, connection_id) is not None:
            raise WriteConflict("Connection", connection_id)
        try:
            # A job that was made meanwhile looks again for its connection: one of both sees the other.
            self._check_unused(connection_id)
        except StateConflict:
            self._store.put_connection(found, None)
            raise
        return found

    def _check_unused(self, connection_id: str) -> None:
        job = self._used_by(connection_id)
        if job is not None:
            raise StateConflict(f"The job {job} uses this connection; delete or change the job first.")


def connection_with_id(store: AccessStore, connection_id: str) -> ConnectionRecord | None:
    """The connection with this id, of whatever type. Raises `Unavailable`."""
    if not _is_id(connection_id):
        return None
    kinds: tuple[ConnectionType, ...] = get_args(ConnectionType)
    found = (store.connection(kind, connection_id) for kind in kinds)
    return next((connection for connection in found if connection is not None), None)


def _read(given: Mapping[str, object], current: ConnectionRecord) -> ConnectionRecord:
    """The connection as it is to be. Raises `Invalid` with every fault."""
    fields = Fields(given, FIELDS)
    fields.unchanged("type", current.type)
    name = fields.text("name", current.name or None)
    inner = Fields(fields.objects("settings"), SETTINGS[current.type], "settings")
    before = {**current.settings, **current.secrets}
    after = {
        setting: inner.text(
            setting, before.get(setting, _default(current.type, setting)), setting not in SECRETS
        )
        for setting in SETTINGS[current.type]
    }
    _check(inner, after)
    for place in ("endpoint", "host"):
        moved = place in before and after.get(place) != before[place]
        if moved and before.get("password") and not inner.has("password"):
            inner.fault("password", f"The password field is required where the {place} changes.")
    fields.take(inner)
    fields.check()
    kept = {setting: value for setting, value in after.items() if value}
    return replace(
        current,
        name=name,
        settings={setting: value for setting, value in kept.items() if setting not in SECRETS},
        secrets={setting: value for setting, value in kept.items() if setting in SECRETS},
    )


def _default(kind: ConnectionType, setting: str) -> str | None:
    return "" if setting in OPTIONAL or (kind == "db" and setting in OPTIONAL_IN_DB) else None


def _check(inner: Fields, settings: Mapping[str, str]) -> None:
    for name in ("endpoint", "host"):
        if settings.get(name) and not _is_address(settings[name]):
            inner.fault(name, _ADDRESS.format(name=name))
    if settings.get("driver") and settings["driver"] not in DRIVERS:
        inner.fault("driver", f"The driver field must be one of {', '.join(DRIVERS)}.")
    if ":" in settings.get("username", ""):
        inner.fault("username", "The username field must not contain a colon.")
    prefix = settings.get("prefix", "")
    if len(prefix) > LONGEST_PREFIX or not _PREFIX.fullmatch(prefix) or ".." in prefix:
        inner.fault(
            "prefix",
            f"The prefix field must be up to {LONGEST_PREFIX} letters (A to Z), digits and . _ / -, "
            "without two dots in a row.",
        )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and not (parts.query or parts.fragment or " " in text)
        and port != 0
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= 64
