"""The stores of the record store: reading, making and changing them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from chalicelib.errors import Invalid, WriteConflict
from chalicelib.lrs.access.fields import Fields
from chalicelib.lrs.access.identity import find, new_id, new_version
from chalicelib.ports.clock import Clock
from chalicelib.ports.lrs_access import AccessStore, StoreRecord, StoreVersion
from chalicelib.schedule.local_time import is_zone

READ_ONLY = ("id", "status")
FIELDS = ("slug", "name", "timezone", "xapi_version", *READ_ONLY)
XAPI_VERSIONS = ("2.0", "1.0")
TAKEN = "The slug has already been taken."


class Stores:
    """Stores as the Access API and the command line change them; a store goes by a job alone."""

    def __init__(self, store: AccessStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def all(self) -> list[StoreRecord]:
        """All stores, by slug."""
        return list(self._store.stores())

    def get(self, name: str) -> StoreRecord:
        """The store with this id, or this slug. Raises `NotFound`."""
        return find("Store", name, self._store.stores())

    def create(self, given: Mapping[str, object]) -> StoreRecord:
        """Makes a store from `slug` (required), `name`, `timezone` and `xapi_version`.

        Raises `Invalid` (every fault, a taken slug included), `Unavailable` (it may have been made).
        """
        fields = Fields(given, FIELDS)
        slug = fields.slug("slug")
        record = _read(fields, StoreRecord(new_id(), slug, new_version(), slug, self._clock.now()))
        if "slug" not in fields.faults and self._store.read("", slug).store is not None:
            fields.fault("slug", TAKEN)
        fields.check()
        if not self._store.put_store(record, None):
            raise Invalid({"slug": [TAKEN]})
        return record

    def update(self, name: str, given: Mapping[str, object]) -> StoreRecord:
        """Changes the fields that are given. Raises `NotFound`, `Invalid`, `WriteConflict`, `Unavailable`."""
        current = self.get(name)
        fields = Fields(given, FIELDS)
        fields.unchanged("slug", current.slug)
        record = _read(fields, replace(current, version=new_version()))
        fields.check()
        if not self._store.put_store(record, current.version):
            raise WriteConflict("Store", current.slug)
        return record


def _read(fields: Fields, current: StoreRecord) -> StoreRecord:
    timezone = fields.text("timezone", current.timezone)
    if timezone and not is_zone(timezone):
        fields.fault("timezone", "The timezone field must be an IANA time zone, such as Europe/Paris.")
    return replace(
        current,
        name=fields.text("name", current.name),
        timezone=timezone,
        xapi_version=cast(StoreVersion, fields.one_of("xapi_version", XAPI_VERSIONS, current.xapi_version)),
    )
