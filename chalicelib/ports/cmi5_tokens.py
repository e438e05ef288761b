"""Where cmi5 tokens are kept: what each allows, and a digest by which it is known.

Times are microseconds since 1970.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class TokenRecord:
    """A token and what it allows.

    `id`: begins with the time of its creation, so that ids sort as times do. `store`: a slug. `client_id`: the id of
    the client that issued it (a slug may be given again, an id never is). `digest`: SHA-256 of its secret, in hex.
    `spent`: it was exchanged for another, and is only kept to be refused.
    """

    id: str
    store: str
    client_id: str
    digest: str = field(repr=False)
    agent: Mapping[str, object]
    activity_id: str
    origin: str
    created_at: int
    expires_at: int
    registration: str | None = None
    spent: bool = False


class TokenStore(Protocol):
    """Every read sees every write answered before it. Every call raises `Unavailable` without an answer."""

    def get(self, store: str, token_id: str) -> TokenRecord | None:
        """The token with this id; one that has expired may be gone."""
        ...

    def add(self, token: TokenRecord) -> bool:
        """Writes a token; False: the id is taken."""
        ...

    def exchange(self, spent: TokenRecord, fresh: TokenRecord) -> bool:
        """Writes `fresh` and marks `spent`, both or none; False: it was spent before, or is gone."""
        ...

    def created_until(self, store: str, until: int, limit: int, after: str = "") -> Sequence[TokenRecord]:
        """Up to `limit` tokens that were created up to that time, by id and so oldest first; from after that id."""
        ...

    def remove(self, store: str, token_ids: Sequence[str]) -> None:
        """Removes tokens; one that is gone already stays gone."""
        ...
