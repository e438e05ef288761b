"""The document of access to the record store: its tables against the code."""

from chalicelib.lrs.access import clients, connections, guard, stores
from chalicelib.lrs.access.authority import HOME_PAGE
from chalicelib.lrs.access.basic import TOKEN_USER
from chalicelib.lrs.access.permissions import GRANTS, needed_by
from chalicelib.web.lrs import routes
from tests.documents import code, named, once, table, tables, text_of


def test_every_permission_gives_what_is_told() -> None:
    rows = table("access.md", "Permissions")
    assert {code(row["permission"])[0]: once(code(row["gives"])) for row in rows} == GRANTS


def test_every_resource_needs_what_is_told() -> None:
    rows = tables("access.md", "Permissions")[1]
    for row in rows:
        [resource] = code(row["xAPI resource"])
        assert code(row["to read"]) == [needed_by(resource, "GET")]
        if code(row["to write"]):
            assert code(row["to write"]) == [needed_by(resource, "PUT")]
        else:
            assert row["to write"] == "–"


def test_every_field_of_stores_and_clients_is_told() -> None:
    assert once(named(table("access.md", "Store"), "field")) == set(stores.FIELDS)
    assert once(named(table("access.md", "Client"), "field")) == set(clients.FIELDS)


def test_the_settings_of_every_connection_are_told() -> None:
    rows = table("access.md", "Connection")
    told = {code(row["type"])[0]: tuple(code(row["settings"])) for row in rows}
    assert told == connections.SETTINGS


def test_every_address_of_the_access_api_is_told() -> None:
    told = {path for path in named(table("access.md", "Addresses"), "where") if path.startswith("/")}
    served = {route.path for route in routes.ROUTES}
    assert {path for path in served if "/access/" in path and not path.endswith("/{id}")} <= told


def test_fixed_names_and_bounds_are_those_of_the_code() -> None:
    text = text_of("access.md")
    assert f"`{HOME_PAGE}`" in text
    assert f"always `{TOKEN_USER}`" in text
    assert f"no more than {guard.REMEMBERED:,}" in text
    assert f"{clients.SHORTEST_PASSWORD} to 255 characters" in text
