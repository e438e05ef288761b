"""`lightrail lrs`: the stores and clients of the record store; the first of each is made here."""

import argparse
import sys
from collections.abc import Callable

from chalicelib.lrs.access.clients import GUARDS
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.shown import shown_client, shown_store
from chalicelib.lrs.access.stores import XAPI_VERSIONS
from chalicelib.ports.lrs_access import ClientRecord, StoreRecord
from infra.cli.access_desk import AccessDesk, open_access
from infra.cli.output import confirm, moment, printable, show_json, show_table
from infra.cli.passwords import SOURCES, read_password
from infra.cli.refusals import told

Open = Callable[[str | None], AccessDesk]
Command = Callable[[AccessDesk, argparse.Namespace], None]

STORE_COLUMNS = ("slug", "name", "status", "time zone", "xAPI", "created")
CLIENT_COLUMNS = ("slug", "name", "store", "guard", "user name", "permissions", "created")


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_access
) -> None:
    """Add `lrs stores …` and `lrs clients …`."""
    group = subparsers.add_parser("lrs", help="stores and clients of the learning record store")
    kinds = group.add_subparsers(required=True, metavar="stores|clients")
    _register_stores(kinds, opened)
    _register_clients(kinds, opened)


def _register_stores(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open) -> None:
    stores = kinds.add_parser("stores", help="what holds records").add_subparsers(
        required=True, metavar="command"
    )
    add = _command(stores, "add", "make a store", _add_store, opened)
    add.add_argument("slug", help="its name in addresses; it never changes")
    add.add_argument("--name", help="default: the slug")
    add.add_argument("--timezone", metavar="ZONE", help="an IANA time zone (default: UTC)")
    add.add_argument(
        "--xapi-version",
        choices=XAPI_VERSIONS,
        help="what a request without version header is told (default: 2.0)",
    )
    _command(stores, "list", "list stores", _list_stores, opened)
    _command(stores, "show", "show a store", _show_store, opened).add_argument("slug")


def _register_clients(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open) -> None:
    clients = kinds.add_parser("clients", help="who may call").add_subparsers(
        required=True, metavar="command"
    )
    add = _command(clients, "add", "make a client, print its password once", _add_client, opened)
    add.add_argument("slug", help="its name in addresses; it never changes")
    add.add_argument("--store", required=True, metavar="SLUG", help="the store that it uses")
    add.add_argument("--name", help="default: the slug")
    add.add_argument("--username", help="default: the slug")
    add.add_argument("--guard", choices=GUARDS, help="default: basic-http")
    add.add_argument(
        "--permission",
        action="append",
        required=True,
        dest="permissions",
        choices=("all", *PERMISSIONS),
        metavar="NAME",
        help=f"what it may do, repeatable: all, {', '.join(PERMISSIONS)}",
    )
    _add_source(add)
    _command(clients, "list", "list clients", _list_clients, opened)
    _command(clients, "show", "show a client and its endpoints", _show_client, opened).add_argument("slug")
    renew = _command(clients, "password", "set a new password, the old one ends at once", _renew, opened)
    renew.add_argument("slug")
    _add_source(renew)
    delete = _command(clients, "delete", "delete a client, which is out at once", _delete_client, opened)
    delete.add_argument("slug")
    delete.add_argument("--yes", action="store_true", help="do it without being asked")


def _command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    does: str,
    command: Command,
    opened: Open,
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_argument(
        "--stage", help="a deployment in the AWS account of your credentials (default: the local stack)"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")

    def run(args: argparse.Namespace) -> int:
        with told():
            command(opened(args.stage), args)
        return 0

    parser.set_defaults(run=run)
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password", choices=SOURCES, default="generated", help="where it comes from (default: generated)"
    )


def _add_store(desk: AccessDesk, args: argparse.Namespace) -> None:
    given = {name: getattr(args, name) for name in ("slug", "name", "timezone", "xapi_version")}
    _tell_store(desk.access.stores.create(given), args)


def _list_stores(desk: AccessDesk, args: argparse.Namespace) -> None:
    stores = desk.access.stores.all()
    if args.json:
        show_json([shown_store(store) for store in stores])
        return
    rows = [
        (one.slug, one.name, one.status, one.timezone, one.xapi_version, moment(one.created_at))
        for one in stores
    ]
    show_table("Stores", STORE_COLUMNS, rows)


def _show_store(desk: AccessDesk, args: argparse.Namespace) -> None:
    _tell_store(desk.access.stores.get(args.slug), args)


def _add_client(desk: AccessDesk, args: argparse.Namespace) -> None:
    password = read_password(args.password)
    chosen = PERMISSIONS if "all" in args.permissions else args.permissions
    client = desk.access.clients.create(
        {
            "slug": args.slug,
            "name": args.name,
            "store": args.store,
            "guard": args.guard,
            "credentials": {"username": args.username or args.slug, "password": password},
            "permissions": dict.fromkeys(chosen, True),
        }
    )
    _tell_client(desk, client, args, password if args.password == "generated" else None)  # noqa: S105


def _list_clients(desk: AccessDesk, args: argparse.Namespace) -> None:
    clients = desk.access.clients.all()
    if args.json:
        show_json([_client(desk, client) for client in clients])
        return
    rows = [
        (one.slug, one.name, one.store, one.guard, one.username, _allowed(one), moment(one.created_at))
        for one in clients
    ]
    show_table("Clients", CLIENT_COLUMNS, rows)


def _show_client(desk: AccessDesk, args: argparse.Namespace) -> None:
    _tell_client(desk, desk.access.clients.get(args.slug), args)


def _renew(desk: AccessDesk, args: argparse.Namespace) -> None:
    password = read_password(args.password)
    client = desk.access.clients.update(args.slug, {"credentials": {"password": password}})
    _tell_client(desk, client, args, password if args.password == "generated" else None)  # noqa: S105


def _delete_client(desk: AccessDesk, args: argparse.Namespace) -> None:
    client = desk.access.clients.get(args.slug)
    confirm(f"This deletes the client {printable(client.slug)}; whoever uses it is out at once.", args.yes)
    deleted = desk.access.clients.delete(client.id)
    if args.json:
        show_json(_client(desk, deleted))
    else:
        print(f"The client {printable(deleted.slug)} is deleted.")


def _tell_store(store: StoreRecord, args: argparse.Namespace) -> None:
    if args.json:
        show_json(shown_store(store))
        return
    for label, value in shown_store(store).items():
        print(f"{_label(label)}: {printable(str(value))}")


def _tell_client(
    desk: AccessDesk, client: ClientRecord, args: argparse.Namespace, password: str | None = None
) -> None:
    """Shows a client; a password that was made here is shown this once."""
    shown = _client(desk, client) | ({} if password is None else {"password": password})
    if args.json:
        show_json(shown)
        return
    if password is not None:
        print("The password is shown this once.", file=sys.stderr)
    for label, value in {**shown, "permissions": _allowed(client)}.items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        print(f"{_label(label)}: {printable(text)}")


def _client(desk: AccessDesk, client: ClientRecord) -> dict[str, object]:
    return {**shown_client(client, desk.root), "username": client.username}


def _allowed(client: ClientRecord) -> str:
    on = [name for name in PERMISSIONS if name in client.permissions]
    return "all" if len(on) == len(PERMISSIONS) else ", ".join(on) or "none"


def _label(name: str) -> str:
    """The name of a field for people: `Base endpoint`, `xAPI endpoint`."""
    words = name.replace("xapi", "xAPI").replace("_", " ")
    return words if words.startswith(("xAPI", "cmi5")) else words.capitalize()
