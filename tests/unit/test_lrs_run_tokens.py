"""The credentials that runs of jobs give themselves: short-lived, of one client in one store, for xAPI alone."""

from dataclasses import replace

import pytest

from chalicelib.errors import Forbidden, Unauthenticated, Unavailable
from chalicelib.lrs.access.basic import basic_value, read_header
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.guard import Guard
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.run_tokens import RUN_USER, RunTokens
from chalicelib.ports.cmi5_tokens import TokenRecord
from tests.doubles.clock import FakeClock
from tests.doubles.cmi5_tokens import MemoryCmi5Tokens
from tests.unit.test_lrs_guard import CHEAP, Site, client


class Taken(MemoryCmi5Tokens):
    """A home in which every id is taken."""

    def add(self, token: TokenRecord) -> bool:
        return False


class Running(Site):
    """A site whose guard knows the credentials of runs."""

    def __init__(self) -> None:
        self.clock, self.home = FakeClock(), MemoryCmi5Tokens()
        self.runs = RunTokens(self.home, self.clock)
        super().__init__()

    def process(self, options: EffectiveOptions | None = None) -> Guard:
        return Guard(self.store, lambda: self.tokens, options or EffectiveOptions(), CHEAP, lambda: self.runs)


@pytest.fixture
def site() -> Running:
    return Running()


def test_it_is_let_in_as_its_client_for_xapi_alone(site: Running) -> None:
    token = site.runs.give(site.ada, 60)
    principal = site.guard.authenticate(token.authorization, "ada", "north")
    assert (principal.client, principal.store, principal.cmi5) == ("ada", "north", None)
    assert principal.permissions == {
        name for name in site.ada.permissions & set(PERMISSIONS) if name.startswith("xapi/")
    }


def test_it_is_over_after_its_time(site: Running) -> None:
    token = site.runs.give(site.ada, 60)
    site.clock.advance(61)
    with pytest.raises(Unauthenticated):
        site.guard.authenticate(token.authorization, "ada", "north")


def test_it_is_over_when_it_is_revoked(site: Running) -> None:
    token, other = site.runs.give(site.ada, 60), site.runs.give(site.ada, 60)
    site.runs.revoke(site.ada, token)
    with pytest.raises(Unauthenticated):
        site.guard.authenticate(token.authorization, "ada", "north")
    assert site.guard.authenticate(other.authorization, "ada", "north").client == "ada"


def test_it_opens_no_other_client_and_no_other_store(site: Running) -> None:
    token = site.runs.give(site.ada, 60)
    with pytest.raises(Unauthenticated):
        site.guard.authenticate(token.authorization, "bob", "south")
    with pytest.raises(Forbidden):
        site.guard.authenticate(token.authorization, "ada", "south")


def test_it_ends_with_its_client(site: Running) -> None:
    token = site.runs.give(site.ada, 60)
    site.store.delete_client(site.ada)
    assert site.store.put_client(replace(client("ada", "north"), id="another"), None)
    with pytest.raises(Unauthenticated):
        site.guard.authenticate(token.authorization, "ada", "north")


def test_another_secret_or_none_opens_nothing(site: Running) -> None:
    token = site.runs.give(site.ada, 60)
    for password in (
        f"{token.id}.{'x' * 43}",
        f"{token.id}.",
        token.id,
        f"{'0' * 29}.x",
        "#.x",
        "é" * 29 + ".x",
    ):
        with pytest.raises(Unauthenticated):
            site.guard.authenticate(f"Basic {basic_value(RUN_USER, password)}", "ada", "north")


def test_a_client_of_the_same_user_name_gets_in_with_its_password(site: Running) -> None:
    assert site.store.put_client(client("runner", "north", username=RUN_USER), None)
    value = f"Basic {basic_value(RUN_USER, 'correct horse')}"
    assert site.guard.authenticate(value, "runner", "north").client == "runner"


def test_the_secret_is_neither_kept_nor_shown(site: Running) -> None:
    token = site.runs.give(site.ada, 60)
    credentials = read_header(token.authorization)
    assert credentials is not None
    secret = credentials.password.partition(".")[2]
    assert len(secret) == 43
    assert secret not in str([vars(each) for each in site.home.tokens.values()])
    assert credentials.value not in repr(token)


def test_it_is_none_of_the_cmi5_tokens_of_the_store(site: Running) -> None:
    site.runs.give(site.ada, 60)
    assert site.home.created_until("north", 2**60, 10) == []


def test_without_a_free_id_there_is_none(site: Running) -> None:
    with pytest.raises(Unavailable):
        RunTokens(Taken(), site.clock).give(site.ada, 60)
