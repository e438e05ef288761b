"""Accounts whose store fails at any call, and calls that run at the same time in every order."""

import itertools
import threading
from collections.abc import Callable
from operator import methodcaller
from typing import Any

import pytest

from chalicelib.accounts.service import Accounts
from chalicelib.accounts.tokens import PlainToken
from chalicelib.errors import Invalid, LightrailError, NotFound, Unauthenticated, Unavailable, WriteConflict
from chalicelib.passwords import ScryptCost
from chalicelib.ports.accounts import AccountStore
from tests.doubles.accounts import Fault, FaultyAccounts, InMemoryAccounts

CHEAP = ScryptCost(n=2, r=1, p=1)
EMAIL = "ada@example.org"
ADA = {"name": "Ada", "email": EMAIL, "password": "correct horse"}
FAULTS: list[Fault] = ["throws", "happens without answer", "sent twice"]


class StillClock:
    def now(self) -> float:
        return 1000.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


def accounts_on(store: AccountStore) -> Accounts:
    return Accounts(store, StillClock(), CHEAP)


def lets_in(store: AccountStore, token: PlainToken | None) -> bool:
    if token is None:
        return False
    try:
        accounts_on(store).authenticate(f"Bearer {token.reveal()}")
    except Unauthenticated:
        return False
    return True


# ---- one call, a fault at each of its store calls


def faults_of(store_calls: int, prepare: bool, call: Callable[[Accounts], Any]) -> list[tuple[Any, ...]]:
    """`call` with each fault at each store call: (store, earlier token, outcome, fault, at)."""
    found = []
    for fault, at in itertools.product(FAULTS, range(store_calls)):
        store = InMemoryAccounts()
        token = accounts_on(store).create_user(ADA)[1] if prepare else None
        faulty = FaultyAccounts(store, at, fault)
        try:
            outcome = call(accounts_on(faulty))
        except LightrailError as error:
            outcome = error
        assert faulty.made > at, "the fault was not met"
        found.append((store, token, outcome, fault, at))
    return found


@pytest.mark.parametrize(
    ("prepare", "call"),
    [
        (False, lambda accounts: accounts.create_user(ADA)),
        (True, lambda accounts: accounts.renew_token(EMAIL)),
        (True, lambda accounts: accounts.delete_user(EMAIL)),
    ],
)
def test_an_undisturbed_call_is_one_read_and_one_write(
    prepare: bool, call: Callable[[Accounts], Any]
) -> None:
    store = InMemoryAccounts()
    if prepare:
        accounts_on(store).create_user(ADA)
    store.calls.clear()
    call(accounts_on(store))
    assert len(store.calls) == 2
    assert store.calls[0] == "get"


def test_a_creation_with_a_fault_leaves_the_whole_user_or_none() -> None:
    for store, _, outcome, fault, at in faults_of(2, False, lambda accounts: accounts.create_user(ADA)):
        rows = accounts_on(store).users()
        if isinstance(outcome, tuple):
            assert fault == "sent twice"
            assert lets_in(store, outcome[1])
            assert len(rows) == 1
        else:
            assert isinstance(outcome, Unavailable)
            assert len(rows) == (1 if (fault, at) == ("happens without answer", 1) else 0)
        # Whatever happened, the person can go on: create again, or renew what was created.
        if rows:
            _, token = accounts_on(store).renew_token(EMAIL)
        else:
            _, token = accounts_on(store).create_user(ADA)
        assert lets_in(store, token)
        assert len(accounts_on(store).users()) == 1


def test_a_deletion_with_a_fault_never_leaves_a_token_without_its_user() -> None:
    for store, token, outcome, fault, at in faults_of(2, True, lambda accounts: accounts.delete_user(EMAIL)):
        exists = bool(accounts_on(store).users())
        assert lets_in(store, token) == exists
        if isinstance(outcome, LightrailError):
            assert isinstance(outcome, Unavailable)
            assert exists == ((fault, at) != ("happens without answer", 1))
        else:
            assert fault == "sent twice"
            assert not exists


def test_a_renewal_with_a_fault_leaves_the_old_token_or_only_the_new() -> None:
    for store, old, outcome, fault, at in faults_of(2, True, lambda accounts: accounts.renew_token(EMAIL)):
        [row] = accounts_on(store).users()
        assert row["tokens_count"] == 1
        if isinstance(outcome, tuple):
            assert fault == "sent twice"
            assert (lets_in(store, old), lets_in(store, outcome[1])) == (False, True)
        else:
            assert isinstance(outcome, Unavailable)
            assert lets_in(store, old) == ((fault, at) != ("happens without answer", 1))


# ---- two calls at once, every order of their store calls


class Turns:
    """Hands out turns in a given order; a call that is over leaves its remaining turns to the other."""

    def __init__(self, order: tuple[int, ...], callers: int) -> None:
        self._order, self._over = list(order), [False] * callers
        self._change = threading.Condition()

    def wait(self, caller: int) -> None:
        with self._change:
            assert self._change.wait_for(lambda: self._next() in (caller, None), timeout=10)

    def done(self, caller: int, over: bool = False) -> None:
        with self._change:
            self._over[caller] |= over
            if not over and self._next() == caller:
                self._order.pop(0)
            self._change.notify_all()

    def _next(self) -> int | None:
        while self._order and self._over[self._order[0]]:
            self._order.pop(0)
        return self._order[0] if self._order else None


class InTurn:
    """A store whose calls wait for their caller's turn."""

    def __init__(self, inner: AccountStore, turns: Turns, caller: int) -> None:
        self._inner, self._turns, self._caller = inner, turns, caller

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._turns.wait(self._caller)
            try:
                return getattr(self._inner, name)(*args, **kwargs)
            finally:
                self._turns.done(self._caller)

        return call


def run_at_once(
    store: AccountStore, order: tuple[int, ...], calls: list[Callable[[Accounts], Any]]
) -> list[Any]:
    """What each call gave or raised when their store calls ran in this order."""
    turns, outcomes = Turns(order, len(calls)), [None] * len(calls)

    def run(caller: int) -> None:
        try:
            outcomes[caller] = calls[caller](accounts_on(InTurn(store, turns, caller)))
        except LightrailError as error:
            outcomes[caller] = error
        finally:
            turns.done(caller, over=True)

    threads = [threading.Thread(target=run, args=(caller,)) for caller in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    return outcomes


ORDERS = [
    tuple(0 if turn in first else 1 for turn in range(8)) for first in itertools.combinations(range(8), 4)
]
"""No call here makes more than four store calls with one rival; left-over turns are passed on."""


def plain(outcome: Any) -> PlainToken | None:
    return outcome[1] if isinstance(outcome, tuple) else None


@pytest.fixture(scope="module")
def orders() -> list[tuple[int, ...]]:
    assert len(ORDERS) == 70
    return ORDERS


def test_two_creations_of_one_email_make_one_user(orders: list[tuple[int, ...]]) -> None:
    spelled = {**ADA, "name": "Second", "email": EMAIL.upper()}
    for order in orders:
        store = InMemoryAccounts()
        outcomes = run_at_once(store, order, [lambda a: a.create_user(ADA), lambda a: a.create_user(spelled)])
        made = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, Invalid)]
        assert (len(made), len(refused)) == (1, 1)
        assert refused[0].faults == {"email": ["The email has already been taken."]}
        [row] = accounts_on(store).users()
        assert row["name"] == made[0][0].name
        assert lets_in(store, made[0][1])


def test_two_renewals_leave_exactly_one_valid_token(orders: list[tuple[int, ...]]) -> None:
    seen_conflict = False
    for order in orders:
        store = InMemoryAccounts()
        _, old = accounts_on(store).create_user(ADA)
        outcomes = run_at_once(store, order, [lambda a: a.renew_token(EMAIL)] * 2)
        assert all(isinstance(outcome, tuple | WriteConflict) for outcome in outcomes)
        seen_conflict |= any(isinstance(outcome, WriteConflict) for outcome in outcomes)
        assert not lets_in(store, old)
        assert sum(lets_in(store, plain(outcome)) for outcome in outcomes) == 1
        assert accounts_on(store).users()[0]["tokens_count"] == 1
    assert seen_conflict


def test_a_deletion_wins_over_a_renewal(orders: list[tuple[int, ...]]) -> None:
    for order in orders:
        store = InMemoryAccounts()
        _, old = accounts_on(store).create_user(ADA)
        deleted, renewed = run_at_once(
            store, order, [lambda a: a.delete_user(EMAIL), lambda a: a.renew_token(EMAIL)]
        )
        assert deleted.email == EMAIL
        assert isinstance(renewed, tuple | NotFound)
        assert not lets_in(store, old)
        assert not lets_in(store, plain(renewed))
        assert accounts_on(store).users() == []


def test_two_deletions_both_find_the_user_gone(orders: list[tuple[int, ...]]) -> None:
    for order in orders:
        store = InMemoryAccounts()
        _, old = accounts_on(store).create_user(ADA)
        outcomes = run_at_once(store, order, [lambda a: a.delete_user(EMAIL)] * 2)
        assert any(not isinstance(outcome, LightrailError) for outcome in outcomes)
        assert all(isinstance(one, NotFound) for one in outcomes if isinstance(one, LightrailError))
        assert not lets_in(store, old)
        assert accounts_on(store).users() == []


@pytest.mark.parametrize(
    "change", [lambda a: a.delete_user(EMAIL), lambda a: a.renew_token(EMAIL)], ids=["delete", "renew"]
)
def test_a_request_at_the_same_time_neither_stops_nor_undoes_a_revocation(
    orders: list[tuple[int, ...]], change: Callable[[Accounts], Any]
) -> None:
    for order in orders:
        store = InMemoryAccounts()
        _, old = accounts_on(store).create_user(ADA)
        header = f"Bearer {old.reveal()}"
        changed, request = run_at_once(store, order, [change, methodcaller("authenticate", header)])
        assert not isinstance(changed, LightrailError)
        assert not isinstance(request, LightrailError) or isinstance(request, Unauthenticated)
        assert not lets_in(store, old)


def test_a_renewal_of_a_user_who_was_deleted_and_came_back_writes_nothing_of_the_old_one() -> None:
    store = InMemoryAccounts()
    accounts_on(store).create_user(ADA)

    def replace_user(accounts: Accounts) -> PlainToken:
        accounts.delete_user(EMAIL)
        return accounts.create_user({**ADA, "name": "Another Ada"})[1]

    renewed, token = run_at_once(store, (0, 1, 1, 1, 1, 0, 0), [lambda a: a.renew_token(EMAIL), replace_user])
    assert isinstance(renewed, WriteConflict)
    assert lets_in(store, token)
    assert [row["name"] for row in accounts_on(store).users()] == ["Another Ada"]
