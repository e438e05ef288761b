"""Who an agent is under a pseudonym: an account, named by an HMAC-SHA-256 of the agent's id.

The key is a secret of the deployment, so the same agent has the same pseudonym in all its stores, from job to job and
from push to push; without the key nobody can tell whether a pseudonym is that of an agent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.lrs.keys import agent_key

if TYPE_CHECKING:
    from chalicelib.ports.lrs_access import AccessStore

Json = Mapping[str, object]

KEY_NAME = "pseudonyms"
KEY_BYTES = 32
_NAME = re.compile("[0-9a-f]{64}")


class Pseudonyms:
    """Gives agents their pseudonyms."""

    def __init__(self, key: bytes, home_page: str) -> None:
        """`key`: of `KEY_BYTES` random bytes. `home_page`: of the accounts."""
        self._key, self.home_page = key, home_page

    def identity(self, key: str) -> dict[str, object]:
        """The account that stands for the agent with this key (`chalicelib.lrs.keys`); a pseudonym stays itself."""
        name = self._own_name(key) or self._digest(key)
        return {"account": {"homePage": self.home_page, "name": name}}

    def key_for(self, key: str) -> str:
        """The key of the pseudonym of the agent with this key."""
        account = self.identity(key)
        return agent_key(account) or ""

    def is_pseudonym(self, key: str) -> bool:
        """Whether the agent with this key is a pseudonym itself."""
        return self._own_name(key) is not None

    def person(self, person: str) -> str:
        """The id that stands for a person of several agents, which is made from the id of one of them."""
        return self._digest(f"person:{person}")[:32]

    def agent(self, value: Json) -> dict[str, object]:
        """An agent or group under its pseudonym, without names; members of a group too."""
        made: dict[str, object] = {}
        if value.get("objectType") in ("Agent", "Group"):
            made["objectType"] = value["objectType"]
        key = agent_key(value)
        if key is not None:
            made |= self.identity(key)
        members = value.get("member")
        if isinstance(members, list):
            made["member"] = [self.agent(member) for member in members if isinstance(member, Mapping)]
        return made

    def _own_name(self, key: str) -> str | None:
        """The name of the account with this key, if it is a pseudonym."""
        beginning = f"account:{len(self.home_page)}:{self.home_page}|"
        name = key.removeprefix(beginning)
        return name if key.startswith(beginning) and _NAME.fullmatch(name) else None

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def pseudonyms_of(access: AccessStore, home_page: str) -> Pseudonyms:
    """The pseudonyms of the deployment, whose key is made on first use and never changes. Raises `Unavailable`."""
    key = access.secret(KEY_NAME, secrets.token_hex(KEY_BYTES))
    return Pseudonyms(bytes.fromhex(key), home_page)
