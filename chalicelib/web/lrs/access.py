"""The Access API: stores, clients and connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from chalicelib.errors import NotFound
from chalicelib.lrs.access.permissions import giving
from chalicelib.lrs.access.shown import shown_client, shown_connection, shown_store
from chalicelib.ports.lrs_access import ConnectionType
from chalicelib.times import microseconds
from chalicelib.web import reading
from chalicelib.web.call import Answer, Call, Handler
from chalicelib.web.lrs.route import LrsRoute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.ports.lrs_access import ClientRecord

ACCESS = "/lrs/{client}/access"
TYPES: tuple[str, ...] = get_args(ConnectionType)


def create_store(call: Call) -> Answer:
    """Makes a store."""
    return _one(shown_store(call.services.lrs.access.stores.create(reading.json_object(call))), 201)


def list_stores(call: Call) -> Answer:
    """Lists all stores."""
    return Answer(200, {"data": [shown_store(store) for store in call.services.lrs.access.stores.all()]})


def show_store(call: Call) -> Answer:
    """Shows a store."""
    return _one(shown_store(call.services.lrs.access.stores.get(_id(call))))


def change_store(call: Call) -> Answer:
    """Changes a store."""
    body, lrs = reading.json_object(call), call.services.lrs
    store = lrs.access.stores.update(_id(call), body)
    if "timezone" in body:  # also where it is the same: a call that died half-way is sent again
        lrs.jobs.retime(store, microseconds(lrs.clock.now()))
    return _one(shown_store(store))


def create_client(call: Call) -> Answer:
    """Makes a client."""
    return _one(_client(call, call.services.lrs.access.clients.create(reading.json_object(call))), 201)


def list_clients(call: Call) -> Answer:
    """Lists all clients."""
    return Answer(200, {"data": [_client(call, client) for client in call.services.lrs.access.clients.all()]})


def show_client(call: Call) -> Answer:
    """Shows a client."""
    return _one(_client(call, call.services.lrs.access.clients.get(_id(call))))


def change_client(call: Call) -> Answer:
    """Changes a client."""
    clients = call.services.lrs.access.clients
    return _one(_client(call, clients.update(_id(call), reading.json_object(call))))


def delete_client(call: Call) -> Answer:
    """Deletes a client."""
    call.services.lrs.access.clients.delete(_id(call))
    return Answer(204, None)


def create_connection(call: Call) -> Answer:
    """Makes a connection."""
    connections = call.services.lrs.access.connections
    return _one(shown_connection(connections.create(_type(call), reading.json_object(call))), 201)


def list_connections(call: Call) -> Answer:
    """Lists the connections of a type."""
    found = call.services.lrs.access.connections.all(_type(call))
    return Answer(200, {"data": [shown_connection(connection) for connection in found]})


def show_connection(call: Call) -> Answer:
    """Shows a connection."""
    return _one(shown_connection(call.services.lrs.access.connections.get(_type(call), _id(call))))


def change_connection(call: Call) -> Answer:
    """Changes a connection."""
    connections = call.services.lrs.access.connections
    return _one(shown_connection(connections.update(_type(call), _id(call), reading.json_object(call))))


def delete_connection(call: Call) -> Answer:
    """Deletes a connection."""
    call.services.lrs.access.connections.delete(_type(call), _id(call))
    return Answer(204, None)


def _one(shown: Mapping[str, object], status: int = 200) -> Answer:
    return Answer(status, {"data": shown})


def _id(call: Call) -> str:
    return reading.path_parameter(call, "id")


def _type(call: Call) -> ConnectionType:
    kind = reading.path_parameter(call, "type")
    if kind not in TYPES:
        raise NotFound("Type of connection", kind[:100])
    return cast(ConnectionType, kind)


def _client(call: Call, client: ClientRecord) -> Mapping[str, object]:
    root = f"{call.scheme}://{call.host}{call.prefix}"
    return {**shown_client(client, root), "pipeline": call.services.lrs.access.pipeline_of(client)}


def _route(method: str, path: str, name: str, handler: Handler) -> LrsRoute:
    needed = giving("access/all")
    return LrsRoute(method, f"{ACCESS}/{path}", name, handler, needed, switch="access_api")


ROUTES = (
    _route("POST", "stores", "accessCreateStore", create_store),
    _route("GET", "stores", "accessListStores", list_stores),
    _route("GET", "stores/{id}", "accessShowStore", show_store),
    _route("PUT", "stores/{id}", "accessChangeStore", change_store),
    _route("POST", "clients", "accessCreateClient", create_client),
    _route("GET", "clients", "accessListClients", list_clients),
    _route("GET", "clients/{id}", "accessShowClient", show_client),
    _route("PUT", "clients/{id}", "accessChangeClient", change_client),
    _route("DELETE", "clients/{id}", "accessDeleteClient", delete_client),
    _route("POST", "connections/{type}", "accessCreateConnection", create_connection),
    _route("GET", "connections/{type}", "accessListConnections", list_connections),
    _route("GET", "connections/{type}/{id}", "accessShowConnection", show_connection),
    _route("PUT", "connections/{type}/{id}", "accessChangeConnection", change_connection),
    _route("DELETE", "connections/{type}/{id}", "accessDeleteConnection", delete_connection),
)
