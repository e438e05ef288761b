"""`lightrail admin`, `lightrail token`, `lightrail users`: the people who may call the API."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from chalicelib.accounts.service import Accounts
from chalicelib.accounts.tokens import PlainToken
from chalicelib.accounts.users import User, UserRow
from infra.cli.account_store import open_store
from infra.cli.passwords import SOURCES, read_password
from infra.cli.refusals import told

SECONDS_PER_DAY = 86400.0
COLUMNS = ("email", "name", "admin", "created", "tokens", "last used")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the groups `admin`, `token` and `users`; every command sets `run`, which returns the exit code."""
    create = _command(
        subparsers, "admin", "administrators", "create", "make an administrator, print the token once"
    )
    create.add_argument("--email", required=True)
    create.add_argument("--name", required=True)
    create.add_argument(
        "--password",
        choices=SOURCES,
        help="where it comes from (default: prompt at a terminal, else generated, shown to nobody)",
    )
    _add_lifetime(create)
    create.set_defaults(run=partial(_told, _create_admin))

    renew = _command(
        subparsers, "token", "access tokens", "renew", "revoke a user's tokens, print a new one once"
    )
    renew.add_argument("email")
    _add_lifetime(renew)
    renew.set_defaults(run=partial(_told, _renew_token))

    listing = _command(
        subparsers, "users", "users of the API", "list", "list users and the use of their tokens"
    )
    listing.set_defaults(run=partial(_told, _list_users))


def _command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    group: str,
    about: str,
    name: str,
    does: str,
) -> argparse.ArgumentParser:
    commands = subparsers.add_parser(group, help=about).add_subparsers(required=True, metavar="command")
    parser = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_argument(
        "--stage",
        help="a deployment in the AWS account of your credentials "
        "(default: the table named by ACCOUNTS_TABLE, else the local stack)",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    return parser


def _add_lifetime(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expires-in-days", type=_days, metavar="DAYS", help="the token expires by itself (default: never)"
    )


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= 36500:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days above 0 and up to 36500")
    return days


def _create_admin(args: argparse.Namespace) -> None:
    password = _read_password(args.password)
    fields = {"name": args.name, "email": args.email, "password": password}
    user, token = _accounts(args).create_user(fields, admin=True, token_lifetime=_lifetime(args))
    _show_token(args, user, token, "created")


def _renew_token(args: argparse.Namespace) -> None:
    user, token = _accounts(args).renew_token(args.email, token_lifetime=_lifetime(args))
    _show_token(args, user, token, "has a new token, all earlier ones are revoked")


def _list_users(args: argparse.Namespace) -> None:
    rows = _accounts(args).users()
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    if sys.stdout.isatty():
        widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    else:
        for line in lines:
            print("\t".join(line))


def _cells(row: UserRow) -> Sequence[str]:
    return (
        _printable(row["email"]),
        _printable(row["name"]),
        "yes" if row["is_admin"] else "no",
        row["created_at"],
        str(row["tokens_count"]),
        row["last_used_at"] or "never",
    )


def _printable(text: str) -> str:
    """Text that someone else chose, without characters that would steer the terminal or break a line."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _show_token(args: argparse.Namespace, user: User, token: PlainToken, what: str) -> None:
    """The token alone on standard output, so that a script can take it; the words on standard error."""
    if args.json:
        answer = {"name": user.name, "email": user.email, "is_admin": user.is_admin, "token": token.reveal()}
        print(json.dumps(answer, indent=2))
        return
    print(f"{_printable(user.name)} <{user.email}> {what}.", file=sys.stderr)
    print("The token is shown this once; send it as `Authorization: Bearer <token>`:", file=sys.stderr)
    print(token.reveal())


def _read_password(source: str | None) -> str:
    return read_password(source or ("prompt" if sys.stdin.isatty() else "generated"))


def _lifetime(args: argparse.Namespace) -> float | None:
    return None if args.expires_in_days is None else args.expires_in_days * SECONDS_PER_DAY


def _told(command: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> int:
    """Runs a command; a refusal becomes lines for the person, every fault at once."""
    with told():
        command(args)
    return 0


class _SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _accounts(args: argparse.Namespace) -> Accounts:
    return Accounts(open_store(args.stage), _SystemClock())
