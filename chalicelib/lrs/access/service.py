"""What the Access API and the command line work on."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from chalicelib.lrs.access.clients import Clients
from chalicelib.lrs.access.connections import Connections
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.stores import Stores
from chalicelib.passwords import ScryptCost
from chalicelib.ports.clock import Clock
from chalicelib.ports.lrs_access import AccessStore, ClientRecord, OptionValue


class Access:
    """Stores, clients and connections; `used_by` names a job that uses the connection with an id."""

    def __init__(
        self,
        store: AccessStore,
        clock: Clock,
        options: EffectiveOptions,
        cost: ScryptCost | None = None,
        used_by: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.stores = Stores(store, clock)
        self.clients = Clients(store, clock, cost)
        self.connections = Connections(store, clock, used_by)
        self._options = options

    def pipeline_of(self, client: ClientRecord) -> Mapping[str, OptionValue]:
        """Every pipeline option as it holds for a client, those of the deployment counted in."""
        return asdict(self._options.of(client.pipeline))
