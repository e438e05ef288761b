"""cmi5 tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.ports.cmi5_tokens import TokenRecord


class MemoryCmi5Tokens:
    """The `TokenStore` on a dictionary; what has expired stays until somebody removes it."""

    def __init__(self) -> None:
        self.tokens: dict[tuple[str, str], TokenRecord] = {}

    def get(self, store: str, token_id: str) -> TokenRecord | None:
        return self.tokens.get((store, token_id))

    def add(self, token: TokenRecord) -> bool:
        kept = self.tokens.setdefault((token.store, token.id), token)
        return kept.digest == token.digest

    def exchange(self, spent: TokenRecord, fresh: TokenRecord) -> bool:
        there = self.tokens.get((fresh.store, fresh.id))
        if there is not None:
            return there.digest == fresh.digest
        found = self.tokens.get((spent.store, spent.id))
        if found is None or found.spent:
            return False
        self.tokens[spent.store, spent.id] = replace(found, spent=True)
        self.tokens[fresh.store, fresh.id] = fresh
        return True

    def created_until(self, store: str, until: int, limit: int, after: str = "") -> Sequence[TokenRecord]:
        found = [
            each
            for each in self.tokens.values()
            if each.store == store and each.created_at <= until and each.id > after
        ]
        return sorted(found, key=lambda each: each.id)[:limit]

    def remove(self, store: str, token_ids: Sequence[str]) -> None:
        for token_id in token_ids:
            self.tokens.pop((store, token_id), None)
