"""Keys: the short texts that stand for agents, activities, verbs and other IRIs in filters and in record names."""

import hashlib
from collections.abc import Mapping

LONGEST_KEY_BYTES = (
    200  # far below what OpenSearch (32,766 bytes a term) and DynamoDB (1,024 bytes a sort key) take
)


def key(text: str) -> str:
    """The text itself where it is short, else its SHA-256: the same text has the same key, another has another."""
    size = len(text) if text.isascii() else len(text.encode())
    if size <= LONGEST_KEY_BYTES and not text.startswith("sha256:"):
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def agent_key(agent: Mapping[str, object]) -> str | None:
    """The key of an agent or identified group, from its inverse functional identifier; None: it has none.

    Two agents with the same identifier are the same, whatever their names and object types.
    """
    for name in ("mbox", "mbox_sha1sum", "openid"):
        value = agent.get(name)
        if isinstance(value, str):
            return key(f"{name}:{value}")
    account = agent.get("account")
    if isinstance(account, dict):
        home, login = account.get("homePage"), account.get("name")
        if isinstance(home, str) and isinstance(login, str):
            return key(f"account:{len(home)}:{home}|{login}")
    return None
