"""`lightrail admin`, `lightrail token`, `lightrail users`: the people who may call the API."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.accounts.service import Accounts
from infra.cli.account_store import open_store
from infra.cli.connection import add_api_options, open_api
from infra.cli.console import ExitCode
from infra.cli.output import confirm, printable, show_json
from infra.cli.passwords import SOURCES, read_password
from infra.cli.people import ApiPeople, NewToken, People, TablePeople, goes_through_api

SECONDS_PER_DAY = 86400.0
COLUMNS = ("email", "name", "admin", "created", "tokens", "last used")

if TYPE_CHECKING:
    _Group = argparse._SubParsersAction[argparse.ArgumentParser]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the groups `admin`, `token` and `users`; every command sets `run`, which returns the exit code."""
    admin = _group(subparsers, "admin", "administrators")
    create = _command(admin, "create", "make an administrator, print the token once", _create_admin)
    _add_stage(create)
    _add_person(create)

    token = _group(subparsers, "token", "access tokens")
    renew = _command(token, "renew", "revoke a user's tokens, print a new one once", _renew_token)
    add_api_options(renew)
    renew.add_argument("email")
    _add_lifetime(renew)

    users = _group(subparsers, "users", "users of the API")
    add_api_options(_command(users, "list", "list users and the use of their tokens", _list_users))
    made = _command(users, "create", "make a user, print the token once", _create_user)
    add_api_options(made)
    _add_person(made)
    deleted = _command(users, "delete", "delete a user with all tokens", _delete_user)
    add_api_options(deleted)
    deleted.add_argument("email")
    deleted.add_argument("--yes", action="store_true", help="do not ask")


def _group(subparsers: "_Group", name: str, about: str) -> "_Group":
    return subparsers.add_parser(name, help=about).add_subparsers(required=True, metavar="command")


def _command(
    group: "_Group", name: str, does: str, command: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser = group.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=partial(_done, command), url=None)
    return parser


def _add_stage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stage",
        help="a deployment in the AWS account of your credentials "
        "(default: the table named by ACCOUNTS_TABLE, else the local stack)",
    )


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument(
        "--password",
        choices=SOURCES,
        help="where it comes from (default: prompt at a terminal, else generated, shown to nobody)",
    )
    _add_lifetime(parser)


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
    _show_token(args, TablePeople(_accounts(args)).create(_fields(args), True, _lifetime(args)), "created")


def _create_user(args: argparse.Namespace) -> None:
    _show_token(args, _people(args).create(_fields(args), False, _lifetime(args)), "created")


def _fields(args: argparse.Namespace) -> dict[str, object]:
    return {"name": args.name, "email": args.email, "password": _read_password(args.password)}


def _renew_token(args: argparse.Namespace) -> None:
    token = _people(args).renew(args.email, _lifetime(args))
    _show_token(args, token, "has a new token, all earlier ones are revoked")


def _delete_user(args: argparse.Namespace) -> None:
    confirm(f"This deletes {printable(args.email)} with all tokens.", args.yes)
    _people(args).delete(args.email)
    if args.json:
        show_json({"deleted": args.email})
    else:
        print(f"{printable(args.email)} is deleted, all tokens are revoked.")


def _list_users(args: argparse.Namespace) -> None:
    rows = _people(args).users()
    if args.json:
        show_json(rows)
        return
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    if sys.stdout.isatty():
        widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    else:
        for line in lines:
            print("\t".join(line))


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    return (
        printable(row["email"]),
        printable(row["name"]),
        "yes" if row["is_admin"] else "no",
        row["created_at"],
        str(row["tokens_count"]),
        row["last_used_at"] or "never",
    )


def _show_token(args: argparse.Namespace, made: NewToken, what: str) -> None:
    """The token alone on standard output, so that a script can take it; the words on standard error."""
    if args.json:
        show_json(made.as_json())
        return
    print(f"{printable(made.name)} <{printable(made.email)}> {what}.", file=sys.stderr)
    print("The token is shown this once; send it as `Authorization: Bearer <token>`:", file=sys.stderr)
    print(made.token)


def _read_password(source: str | None) -> str:
    return read_password(source or ("prompt" if sys.stdin.isatty() else "generated"))


def _lifetime(args: argparse.Namespace) -> float | None:
    return None if args.expires_in_days is None else args.expires_in_days * SECONDS_PER_DAY


def _done(command: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> int:
    command(args)
    return ExitCode.DONE


class _SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _accounts(args: argparse.Namespace) -> Accounts:
    return Accounts(open_store(args.stage), _SystemClock())


def _people(args: argparse.Namespace) -> People:
    return ApiPeople(open_api(args)) if goes_through_api(args) else TablePeople(_accounts(args))
