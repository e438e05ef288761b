"""The ready clients of a local stack: made once, mended where they differ, shown without their passwords."""

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.passwords import verify_password
from infra.cli.lrs_ready import described, how_to_call
from infra.local import description, lrs_clients
from infra.local.description import Description, LrsClient
from tests.doubles.access_store import InMemoryAccess

URL = "http://127.0.0.1:4566"


@pytest.fixture
def store() -> InMemoryAccess:
    return InMemoryAccess()


def make(store: InMemoryAccess, known: tuple[LrsClient, ...] = ()) -> tuple[LrsClient, ...]:
    return lrs_clients.ensure(store, known, URL)


def is_right(store: InMemoryAccess, client: LrsClient) -> bool:
    found = store.read(client.client, client.store)
    assert found.client is not None
    assert found.store is not None
    return (
        found.client.store == client.store
        and found.client.permissions == frozenset(PERMISSIONS)
        and found.client.username == client.username
        and found.store.xapi_version == client.xapi_version
        and verify_password(client.password, found.client.password_hash)
    )


def test_there_is_a_client_with_all_permissions_for_each_version(store: InMemoryAccess) -> None:
    made = make(store)
    assert {client.xapi_version: client.store for client in made} == {
        "2.0": "default-2-0",
        "1.0": "default-1-0",
    }
    assert all(is_right(store, client) for client in made)
    first = made[0]
    assert first.base_endpoint == f"{URL}/api/lrs/default-2-0"
    assert first.store_endpoint == f"{first.base_endpoint}/stores/default-2-0"
    assert first.xapi_endpoint == f"{first.store_endpoint}/xapi"
    assert first.cmi5_endpoint == f"{first.store_endpoint}/cmi5/tokens"


def test_once_more_changes_nothing(store: InMemoryAccess) -> None:
    made = make(store)
    before = (store.clients(), store.stores())
    assert make(store, made) == made
    assert (store.clients(), store.stores()) == before


def test_a_password_that_is_lost_is_made_anew(store: InMemoryAccess) -> None:
    lost = make(store)
    made = make(store)
    assert all(is_right(store, client) for client in made)
    assert not any(is_right(store, client) for client in lost)


def test_what_somebody_changed_is_put_right_and_the_password_stays(store: InMemoryAccess) -> None:
    made = make(store)
    for client in store.clients():
        assert store.put_client(replace(client, version="x", permissions=frozenset()), client.version)
    for each in store.stores():
        assert store.put_store(replace(each, version="x", xapi_version="2.0"), each.version)
    assert make(store, made) == made
    assert all(is_right(store, client) for client in made)


def test_the_description_of_a_stack_keeps_them(store: InMemoryAccess, tmp_path: Path) -> None:
    made = Description(URL, "b", URL, URL, "eu-west-1", "test", "test", lrs=make(store))
    description.write(tmp_path / "stack.json", made)
    assert description.read(tmp_path / "stack.json") == made


def test_their_passwords_are_not_shown(store: InMemoryAccess) -> None:
    made = make(store)
    text = described(made, Path("stack.json")) + how_to_call(made[0], Path("stack.json"), "1") + repr(made)
    assert not any(client.password in text for client in made)
    for label in ("Base endpoint", "Store endpoint", "xAPI endpoint", "cmi5 endpoint"):
        assert text.count(label) == 2
    assert all(client.base_endpoint in text for client in made)
