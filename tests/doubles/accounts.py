"""The account store in memory, and a shell around a store that fails at a chosen call."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeVar

from chalicelib.errors import Unavailable
from chalicelib.ports.accounts import AccountStore, UserPage, UserRecord

T = TypeVar("T")
Fault = Literal["throws", "happens without answer", "sent twice"]


class InMemoryAccounts:
    """The `AccountStore` in memory; `calls` names every call in order. Small pages, so that paging shows."""

    def __init__(self, page_size: int = 2) -> None:
        self._users: dict[str, UserRecord] = {}
        self._page_size = page_size
        self._lock = threading.Lock()
        self.calls: list[str] = []

    def get(self, key: str) -> UserRecord | None:
        with self._lock:
            self.calls.append("get")
            return self._users.get(key)

    def put(self, user: UserRecord, expected: str | None) -> bool:
        with self._lock:
            self.calls.append("put")
            if self._version(user.key) != expected:
                return False
            self._users[user.key] = user
            return True

    def delete(self, key: str, expected: str) -> bool:
        with self._lock:
            self.calls.append("delete")
            if self._version(key) != expected:
                return False
            del self._users[key]
            return True

    def mark_used(self, key: str, token_id: str, at: float, unless_since: float) -> bool:
        with self._lock:
            self.calls.append("mark_used")
            user = self._users.get(key)
            token = user.token(token_id) if user else None
            if user is None or token is None:
                return False
            if token.last_used_at is not None and token.last_used_at > unless_since:
                return False
            marked = replace(token, last_used_at=at)
            tokens = tuple(marked if one.id == token_id else one for one in user.tokens)
            self._users[key] = replace(user, tokens=tokens)
            return True

    def page(self, cursor: str | None = None) -> UserPage:
        with self._lock:
            self.calls.append("page")
            keys = sorted(key for key in self._users if cursor is None or key > cursor)
            page = keys[: self._page_size]
            more = len(keys) > len(page)
            return UserPage([self._users[key] for key in page], page[-1] if more else None)

    def _version(self, key: str) -> str | None:
        user = self._users.get(key)
        return user.version if user else None


class FaultyAccounts:
    """A store whose call number `at` (from 0) fails as told; all others pass.

    `sent twice`: the transport loses the first answer and sends the call again by itself.
    """

    def __init__(self, inner: AccountStore, at: int, fault: Fault) -> None:
        self._inner, self._at, self._fault = inner, at, fault
        self.made = 0

    def get(self, key: str) -> UserRecord | None:
        return self._call(lambda: self._inner.get(key))

    def put(self, user: UserRecord, expected: str | None) -> bool:
        return self._call(lambda: self._inner.put(user, expected))

    def delete(self, key: str, expected: str) -> bool:
        return self._call(lambda: self._inner.delete(key, expected))

    def mark_used(self, key: str, token_id: str, at: float, unless_since: float) -> bool:
        return self._call(lambda: self._inner.mark_used(key, token_id, at, unless_since))

    def page(self, cursor: str | None = None) -> UserPage:
        return self._call(lambda: self._inner.page(cursor))

    def _call(self, call: Callable[[], T]) -> T:
        number, self.made = self.made, self.made + 1
        if number != self._at:
            return call()
        if self._fault == "throws":
            raise Unavailable("The account store", "told to fail")
        call()
        if self._fault == "sent twice":
            return call()
        raise Unavailable("The account store", "answer lost")
