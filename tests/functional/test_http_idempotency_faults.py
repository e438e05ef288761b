"""A client that sends its call under one key until it is answered: whatever goes wrong, the call is made once."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import pytest

from chalicelib.accounts.service import Accounts
from chalicelib.idempotency import LEASE_SECONDS
from chalicelib.passwords import ScryptCost
from chalicelib.web.gateway import HttpApi
from tests.doubles.faults import FAULTS, Faults, Killed
from tests.doubles.world import World
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import Lines

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
FIELDS = {"name": "user", "email": "user@example.org", "password": "long enough"}
URLS = ["https://x.example/a", "https://x.example/b"]
CALLS: Mapping[str, tuple[str, object]] = {
    "copy": ("/v1/articles", {"customNumber": "2", "F_1": "1", "F_3": "copied"}),
    "update": ("/v1/articles/update", {"F_1": "1", "F_3": "new"}),
    "delta update": ("/v1/articles/delta-update", {"files": URLS}),
}
MOST_CALLS = 12  # of ports, in one call of the API


class System(World):
    """The world behind the HTTP calls."""

    def __init__(self) -> None:
        super().__init__()
        self.logger: Any = Lines()
        self.lrs: Any = None
        self.api = HttpApi("lightrail", self)
        _, token = self.accounts.create_user(FIELDS)
        self.client = Gateway(self.api, token.reveal())
        assert self.client.call("PUT", "/v1/articles/1", {"F_3": "old"}).status == 201

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.account_store, self.clock, ScryptCost(n=2, r=1, p=1))

    def send(self, name: str) -> Answer | None:
        """Sends a call under the key; None: no answer came."""
        target, body = CALLS[name]
        try:
            return self.client.call("POST", target, body, KEY)
        except Killed:
            return None

    def until_answered(self, name: str) -> Answer:
        """Sends it until something comes that is neither an outage nor another run."""
        for _ in range(6):
            answer = self.send(name)
            if answer is not None and answer.status != 503 and "still running" not in answer.text:
                return answer
            self.fake_clock.advance(LEASE_SECONDS)
        raise AssertionError("never answered")

    def writes_of_api(self, number: str) -> int:
        stored = self.store.stored(number)
        return 0 if stored is None else len(stored.hidden.write_ids)

    def files(self) -> int:
        return self.memory_ledger.control().seq


def made_once(name: str, system: System) -> None:
    """The call had its whole effect, once."""
    effects: Mapping[str, Callable[[], object]] = {
        "copy": lambda: (system.writes_of_api("2"), system.store.document("2")),
        "update": lambda: (system.writes_of_api("1"), system.store.document("1")),
        "delta update": system.files,
    }
    expected: Mapping[str, object] = {
        "copy": (1, {"id": "2", "F_1": "2", "F_3": "copied"}),
        "update": (2, {"id": "1", "F_1": "1", "F_3": "new"}),
        "delta update": len(URLS),
    }
    assert effects[name]() == expected[name]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("at", range(MOST_CALLS))
@pytest.mark.parametrize("name", CALLS)
def test_one_fault_at_any_call_of_any_port(name: str, at: int, kind: str) -> None:
    system = System()
    system.faults.at, system.faults.kind = len(system.faults.seen) + at, kind
    answer = system.until_answered(name)
    assert (answer.status, answer.json["status"]) == (200, "success")
    made_once(name, system)
    again = system.until_answered(name)
    assert (again.status, again.json) == (200, answer.json)
    made_once(name, system)


@pytest.mark.parametrize("name", CALLS)
def test_the_faults_above_reach_the_last_call(name: str) -> None:
    system = System()
    before = len(system.faults.seen)
    system.until_answered(name)
    made = system.faults.seen[before:]
    assert made[0] == "idempotency.get"
    assert made[-1] == "idempotency.put"
    assert len(made) < MOST_CALLS


@pytest.mark.parametrize("first", FAULTS)
@pytest.mark.parametrize("second", FAULTS)
def test_two_faults_one_after_the_other(first: str, second: str) -> None:
    for name in CALLS:
        for at in range(MOST_CALLS):
            system = System()
            system.faults.at, system.faults.kind = len(system.faults.seen) + at, first
            system.send(name)
            system.fake_clock.advance(LEASE_SECONDS)
            system.faults.at, system.faults.kind = len(system.faults.seen) + 3, second
            assert system.until_answered(name).status == 200
            made_once(name, system)


def test_files_of_two_calls_are_accepted_twice() -> None:
    system = System()
    system.faults = Faults()
    assert system.client.call("POST", *CALLS["delta update"], {"Idempotency-Key": "one"}).status == 200
    assert system.client.call("POST", *CALLS["delta update"], {"Idempotency-Key": "two"}).status == 200
    assert system.files() == 2 * len(URLS)
