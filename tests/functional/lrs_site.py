"""A deployment of the record store on doubles, with the real guard: stores, clients, and calls of theirs."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.lrs.access.basic import basic_value
from chalicelib.lrs.access.guard import Guard
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.service import Access
from chalicelib.passwords import ScryptCost, hash_password
from chalicelib.ports.lrs_access import ClientRecord, StoreRecord
from chalicelib.settings import Settings
from chalicelib.web.gateway import HttpApi
from tests.doubles.lrs_world import LrsWorld
from tests.doubles.world import ENVIRONMENT
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import StandIns

CHEAP = ScryptCost(n=2, r=1, p=1)
PASSWORD = "correct horse"
_HASH = hash_password(PASSWORD, CHEAP)


class ConfiguredWorld(LrsWorld):
    """A record store with settings of its own."""

    environment: Mapping[str, str] = {}

    @property
    def settings(self) -> Settings:
        return Settings.from_environment({**ENVIRONMENT, **self.environment})


class Site:
    """The stores `north` and `south`; a client is made with `client`, and calls with `call`."""

    def __init__(self, **environment: str) -> None:
        self.services = StandIns(**environment)
        self.world = ConfiguredWorld()
        self.world.environment = environment
        self.services.lrs = self.world
        self.store = self.world.access_store
        made = self.world.__dict__
        made["guard"] = Guard(
            self.store,
            lambda: self.world.cmi5_tokens,
            self.world.effective_options,
            CHEAP,
            lambda: self.world.run_tokens,
        )
        made["access"] = Access(
            self.store, self.world.clock, self.world.effective_options, CHEAP, self.world.job_using
        )
        self.gateway = Gateway(HttpApi("lightrail", self.services))
        for slug in ("north", "south"):
            assert self.store.put_store(StoreRecord(f"id-{slug}", slug, "v1", slug.title(), 1.0), None)

    def client(
        self, slug: str, store: str = "north", permissions: Iterable[str] = PERMISSIONS, **fields: Any
    ) -> ClientRecord:
        """Makes a client whose user name is its slug."""
        record = ClientRecord(
            f"id-{slug}",
            slug,
            "v1",
            slug.title(),
            store,
            1.0,
            slug,
            _HASH,
            permissions=frozenset(permissions),
            **fields,
        )
        assert self.store.put_client(record, None)
        return record

    def call(
        self,
        method: str,
        path: str,
        user: str | None = None,
        body: object = None,
        password: str = PASSWORD,
        **headers: str,
    ) -> Answer:
        """Calls as this user, or as nobody."""
        sent = {"X-Experience-API-Version": "2.0.0", **headers}
        if user is not None:
            sent["Authorization"] = f"Basic {basic_value(user, password)}"
        return self.gateway.call(method, path, body, sent)
