"""Changes of stores, clients and connections when others change them too, or answers are lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import Invalid, NotFound, Unavailable, WriteConflict
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.service import Access
from chalicelib.passwords import ScryptCost
from tests.doubles.access_store import InMemoryAccess
from tests.doubles.clock import FakeClock

CHEAP = ScryptCost(n=2, r=1, p=1)
CREDENTIALS = {"username": "lms", "password": "correct horse"}
CLIENT: Mapping[str, object] = {"slug": "lms", "store": "main", "credentials": CREDENTIALS}
CONNECTION: Mapping[str, object] = {"name": "Files", "settings": {"prefix": "in/"}}


class Interrupted:
    """A store before whose next call of a name something else happens, once."""

    def __init__(self, inner: InMemoryAccess) -> None:
        self._inner = inner
        self.before: dict[str, Callable[[], object]] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            happening = self.before.pop(name, None)
            if happening is not None:
                happening()
            return getattr(self._inner, name)(*arguments)

        return call


class Operated:
    """An access under test, and another process that works on the same records."""

    def __init__(self) -> None:
        self.store = InMemoryAccess()
        self.slow = Interrupted(self.store)
        self.access = self._access(self.slow)
        self.other = self._access(self.store)

    def _access(self, store: Any) -> Access:
        return Access(store, FakeClock(), EffectiveOptions(), CHEAP)


@pytest.fixture
def made() -> Operated:
    operated = Operated()
    operated.other.stores.create({"slug": "main"})
    return operated


def test_two_who_make_the_same_slug_one_is_told(made: Operated) -> None:
    made.slow.before["put_store"] = lambda: made.other.stores.create({"slug": "new", "name": "theirs"})
    with pytest.raises(Invalid) as caught:
        made.access.stores.create({"slug": "new", "name": "ours"})
    assert list(caught.value.faults) == ["slug"]
    assert made.other.stores.get("new").name == "theirs"
    made.slow.before["put_client"] = lambda: made.other.clients.create({**CLIENT, "name": "theirs"})
    with pytest.raises(Invalid) as caught:
        made.access.clients.create({**CLIENT, "name": "ours"})
    assert list(caught.value.faults) == ["slug"]
    assert made.other.clients.get("lms").name == "theirs"


def test_a_change_that_another_overtook_is_a_conflict(made: Operated) -> None:
    made.other.clients.create(CLIENT)
    made.slow.before["put_store"] = lambda: made.other.stores.update("main", {"name": "theirs"})
    with pytest.raises(WriteConflict):
        made.access.stores.update("main", {"name": "ours"})
    made.slow.before["put_client"] = lambda: made.other.clients.update("lms", {"name": "theirs"})
    with pytest.raises(WriteConflict):
        made.access.clients.update("lms", {"name": "ours"})
    connection = made.other.connections.create("file", CONNECTION)
    made.slow.before["put_connection"] = lambda: made.other.connections.update(
        "file", connection.id, {"name": "theirs"}
    )
    with pytest.raises(WriteConflict):
        made.access.connections.update("file", connection.id, {"name": "ours"})
    found = made.other
    assert found.stores.get("main").name == "theirs"
    assert found.clients.get("lms").name == "theirs"
    assert found.connections.get("file", connection.id).name == "theirs"


def test_a_change_of_what_is_deleted_meanwhile_brings_nothing_back(made: Operated) -> None:
    made.other.clients.create(CLIENT)
    made.slow.before["put_client"] = lambda: made.other.clients.delete("lms")
    with pytest.raises(WriteConflict):
        made.access.clients.update("lms", {"name": "ours"})
    with pytest.raises(NotFound):
        made.other.clients.get("lms")


def test_no_client_is_made_in_a_store_whose_deletion_begins(made: Operated) -> None:
    def begin() -> None:
        main = made.other.stores.get("main")
        assert made.store.put_store(replace(main, version="deleting", status="deleting"), main.version)

    made.slow.before["put_client"] = begin
    with pytest.raises(Invalid) as caught:
        made.access.clients.create(CLIENT)
    assert list(caught.value.faults) == ["store"]
    assert list(made.store.clients("main")) == []


def test_a_client_that_is_changed_meanwhile_is_deleted_all_the_same(made: Operated) -> None:
    made.other.clients.create(CLIENT)
    made.slow.before["delete_client"] = lambda: made.other.clients.update("lms", {"name": "theirs"})
    assert made.access.clients.delete("lms").slug == "lms"
    assert list(made.store.clients()) == []


def test_a_client_that_another_made_anew_is_left_alone(made: Operated) -> None:
    made.other.clients.create(CLIENT)

    def anew() -> None:
        made.other.clients.delete("lms")
        made.other.clients.create({**CLIENT, "name": "new"})

    made.slow.before["delete_client"] = anew
    made.access.clients.delete("lms")
    assert made.other.clients.get("lms").name == "new"


def test_a_delete_that_another_did_first_is_done(made: Operated) -> None:
    made.other.clients.create(CLIENT)
    made.slow.before["delete_client"] = lambda: made.other.clients.delete("lms")
    assert made.access.clients.delete("lms").slug == "lms"
    connection = made.other.connections.create("file", CONNECTION)
    made.slow.before["delete_connection"] = lambda: made.other.connections.delete("file", connection.id)
    assert made.access.connections.delete("file", connection.id).id == connection.id


def silent() -> None:
    raise Unavailable("The store of clients", "told to fail")


@pytest.mark.parametrize("call", ["read", "put_client", "stores"])
def test_a_store_that_does_not_answer_makes_nothing(made: Operated, call: str) -> None:
    made.slow.before[call] = silent
    with pytest.raises(Unavailable):
        made.access.clients.create(CLIENT)
    assert list(made.store.clients()) == []
    assert made.access.clients.create(CLIENT).slug == "lms"
