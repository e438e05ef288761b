"""The clients of stores: reading, making, changing and deleting them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from dataclasses import fields as fields_of
from typing import cast

from chalicelib.errors import Invalid, WriteConflict
from chalicelib.lrs.access.basic import TOKEN_USER
from chalicelib.lrs.access.fields import Fields
from chalicelib.lrs.access.identity import find, new_id, new_version
from chalicelib.lrs.access.origins import read_origins
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.validation.data_types import is_iri
from chalicelib.passwords import ScryptCost, hash_password
from chalicelib.ports.clock import Clock
from chalicelib.ports.lrs_access import AccessStore, ClientRecord, GuardName, OptionValue

GUARDS = ("basic-http", "cmi5-token")
READ_ONLY = (
    "id",
    "base_endpoint",
    "store_endpoint",
    "xapi_endpoint",
    "cmi5_endpoint",
)
FIELDS = ("slug", "name", "store", "guard", "credentials", "cors", "permissions", "pipeline", *READ_ONLY)
OPTIONS: Mapping[str, type] = {option.name: type(option.default) for option in fields_of(PipelineOptions)}
SHORTEST_PASSWORD = 8
DELETE_ATTEMPTS = 5
TAKEN = "The slug has already been taken."


@dataclass(frozen=True)
class Credentials:
    """A user name and password as they were sent; both empty where a change leaves them."""

    username: str
    password: str = field(repr=False)


class Clients:
    """Clients as the Access API and the command line change them."""

    def __init__(self, store: AccessStore, clock: Clock, cost: ScryptCost | None = None) -> None:
        self._store, self._clock, self._cost = store, clock, cost or ScryptCost()

    def all(self) -> list[ClientRecord]:
        """All clients, by slug."""
        return list(self._store.clients())

    def get(self, name: str) -> ClientRecord:
        """The client with this id, or this slug. Raises `NotFound`."""
        return find("Client", name, self._store.clients())

    def create(self, given: Mapping[str, object]) -> ClientRecord:
        """Makes a client from `slug`, `store` and `credentials` (required), and what else it has.

        Raises `Invalid` (every fault, a taken slug and an unknown store included), `Unavailable` (it may have been
        made).
        """
        fields = Fields(given, FIELDS)
        slug = fields.slug("slug")
        blank = ClientRecord(new_id(), slug, new_version(), slug, "", self._clock.now(), "", "")
        if "slug" not in fields.faults and self._store.read(slug).client is not None:
            fields.fault("slug", TAKEN)
        record, password = self._read(fields, blank)
        fields.check()
        record = replace(record, password_hash=hash_password(password, self._cost))
        if not self._store.put_client(record, None):
            raise self._refused(record)
        return record

    def update(self, name: str, given: Mapping[str, object]) -> ClientRecord:
        """Changes the fields that are given, each as a whole; a password that is not given stays.

        Raises `NotFound`, `Invalid`, `WriteConflict`, `Unavailable` (it may have happened).
        """
        current = self.get(name)
        fields = Fields(given, FIELDS)
        fields.unchanged("slug", current.slug)
        record, password = self._read(fields, replace(current, version=new_version()))
        fields.check()
        if password:
            record = replace(record, password_hash=hash_password(password, self._cost))
        if not self._store.put_client(record, current.version):
            raise self._refused(record, WriteConflict("Client", current.slug))
        return record

    def delete(self, name: str) -> ClientRecord:
        """Deletes a client, who is out at the next request; returns who it was.

        Raises `NotFound`, `WriteConflict`, `Unavailable` (it may have happened).
        """
        found = self.get(name)
        current: ClientRecord | None = found
        for _ in range(DELETE_ATTEMPTS):
            if current is None or current.id != found.id or self._store.delete_client(current):
                return found
            current = self._store.read(found.slug).client
        raise WriteConflict("Client", found.slug)

    def _refused(self, record: ClientRecord, otherwise: Exception | None = None) -> Exception:
        """Why a client could not be written."""
        store = self._store.read("", record.store).store
        if store is None or store.status != "ready":
            return Invalid({"store": [_NO_STORE]})
        return otherwise or Invalid({"slug": [TAKEN]})

    def _read(self, fields: Fields, current: ClientRecord) -> tuple[ClientRecord, str]:
        """The client as it is to be, and its new password (empty: as before)."""
        store = fields.text("store", current.store or None)
        if store and store != current.store:
            found = next((each for each in self._store.stores() if store in (each.slug, each.id)), None)
            if found is None or found.status != "ready":
                fields.fault("store", _NO_STORE)
            else:
                store = found.slug
        credentials = _credentials(fields, current)
        record = replace(
            current,
            name=fields.text("name", current.name),
            store=store,
            guard=cast(GuardName, fields.one_of("guard", GUARDS, current.guard)),
            username=credentials.username,
            permissions=_permissions(fields) if fields.has("permissions") else current.permissions,
            pipeline=_pipeline(fields) if fields.has("pipeline") else current.pipeline,
            cors=read_origins(fields) if fields.has("cors") else current.cors,
        )
        return record, credentials.password


_NO_STORE = "The store field must be the slug of a store that is ready."


def _credentials(fields: Fields, current: ClientRecord) -> Credentials:
    """User name and password; whoever has them already may change one and leave the other."""
    if not current.username and not fields.has("credentials"):
        fields.fault("credentials", "The credentials field is required.")
        return Credentials("", "")
    inner = Fields(fields.objects("credentials"), ("username", "password"), "credentials")
    username = inner.text("username", current.username or None, trim=False)
    password = inner.text("password", "" if current.username else None, trim=False)
    if ":" in username:
        inner.fault("username", "The username field must not contain a colon.")
    if username == TOKEN_USER:
        inner.fault("username", f"The username {TOKEN_USER} is that of cmi5 tokens; choose another.")
    if password and len(password) < SHORTEST_PASSWORD:
        inner.fault("password", f"The password field must be at least {SHORTEST_PASSWORD} characters.")
    fields.take(inner)
    return Credentials(username, password)


def _permissions(fields: Fields) -> frozenset[str]:
    given = Fields(fields.objects("permissions"), PERMISSIONS, "permissions")
    on = set()
    for name in PERMISSIONS:
        value = given.get(name)
        if value is True:
            on.add(name)
        elif value is not None and value is not False:
            given.fault(name, "A permission must be true or false.")
    fields.take(given)
    return frozenset(on)


def _pipeline(fields: Fields) -> Mapping[str, OptionValue]:
    given = Fields(fields.objects("pipeline"), tuple(OPTIONS), "pipeline")
    options = {name: given.get(name) for name in OPTIONS if given.has(name)}
    for name, value in options.items():
        if not isinstance(value, OPTIONS[name]):
            given.fault(
                name, f"This option must be {'true or false' if OPTIONS[name] is bool else 'a string'}."
            )
        elif isinstance(value, str) and value:
            given.text(name)
            if name == "authority_homepage" and not is_iri(value):
                given.fault(name, "This option must be an absolute address (IRI).")
    fields.take(given)
    return cast(Mapping[str, OptionValue], options)
