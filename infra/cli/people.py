"""The users of a deployment as commands see them: through the API with an administrator's token, or in its table."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from infra.cli.api import Api
from infra.cli.console import CommandFailed, ExitCode
from infra.cli.refusals import told

if TYPE_CHECKING:
    import argparse

    from chalicelib.accounts.service import Accounts


@dataclass(frozen=True)
class NewToken:
    """A token that is shown this once, and whose it is."""

    name: str
    email: str
    is_admin: bool | None
    token: str = field(repr=False)

    def as_json(self) -> dict[str, object]:
        """The token for a script; `is_admin` stands there where it is known."""
        admin = {} if self.is_admin is None else {"is_admin": self.is_admin}
        return {"name": self.name, "email": self.email, **admin, "token": self.token}


class People(Protocol):
    """Every method raises CommandFailed, with every fault at once."""

    def users(self) -> Sequence[Mapping[str, Any]]:
        """Return all users, the oldest first, as the API shows them."""
        ...

    def create(self, fields: Mapping[str, object], admin: bool, lifetime: float | None) -> NewToken:
        """Make a user; `lifetime`: of the token in seconds, None: until it is revoked."""
        ...

    def renew(self, email: str, lifetime: float | None) -> NewToken:
        """Revoke all tokens of a user and issue a new one."""
        ...

    def delete(self, email: str) -> None:
        """Delete a user with all tokens."""
        ...


class TablePeople:
    """The table of accounts, with the credentials of the person who runs the command."""

    def __init__(self, accounts: "Accounts") -> None:
        self._accounts = accounts

    def users(self) -> Sequence[Mapping[str, Any]]:
        with told():
            return self._accounts.users()

    def create(self, fields: Mapping[str, object], admin: bool, lifetime: float | None) -> NewToken:
        with told():
            user, token = self._accounts.create_user(fields, admin=admin, token_lifetime=lifetime)
        return NewToken(user.name, user.email, user.is_admin, token.reveal())

    def renew(self, email: str, lifetime: float | None) -> NewToken:
        with told():
            user, token = self._accounts.renew_token(email, token_lifetime=lifetime)
        return NewToken(user.name, user.email, user.is_admin, token.reveal())

    def delete(self, email: str) -> None:
        with told():
            self._accounts.delete_user(email)


class ApiPeople:
    """The admin calls of the API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def users(self) -> Sequence[Mapping[str, Any]]:
        users: Sequence[Mapping[str, Any]] = self._api.get("admin", "users")
        return users

    def create(self, fields: Mapping[str, object], admin: bool, lifetime: float | None) -> NewToken:
        _refuse_lifetime(lifetime)
        made = self._api.post("admin", "create-user", body=dict(fields))
        return NewToken(made["name"], str(fields["email"]), False, made["token"])

    def renew(self, email: str, lifetime: float | None) -> NewToken:
        _refuse_lifetime(lifetime)
        made = self._api.post("admin", "user", "renew", body={"email": email})
        return NewToken(made["name"], email, None, made["token"])

    def delete(self, email: str) -> None:
        self._api.delete("admin", "user", body={"email": email})


def _refuse_lifetime(lifetime: float | None) -> None:
    if lifetime is not None:
        text = "the API sets no lifetime of tokens; leave --expires-in-days out, or use --stage"
        raise CommandFailed(text, ExitCode.USAGE)


def goes_through_api(args: "argparse.Namespace") -> bool:
    """Whether options or environment name an API: then no credentials of AWS are used."""
    from infra.cli.connection import URL

    return bool(args.url or (os.environ.get(URL) and not args.stage))
