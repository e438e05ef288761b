"""Which API a command talks to, and with which token: by option, by environment, or that of the local stack."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from infra.cli.api import Api, read_url
from infra.cli.console import CommandFailed, ExitCode

URL, TOKEN = "LIGHTRAIL_URL", "LIGHTRAIL_TOKEN"
_URL_OUTPUT = "EndpointURL"  # Chalice names it

OpenApi = Callable[[argparse.Namespace], Api]
ApiCommand = Callable[[Api, argparse.Namespace], int]


def add_api_command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    does: str,
    command: ApiCommand,
    opened: OpenApi,
) -> argparse.ArgumentParser:
    """Add a command that works through the API, with the options that say which, and `--json`."""
    parser = subparsers.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    add_api_options(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=lambda args: command(opened(args), args))
    return parser


def add_api_options(parser: argparse.ArgumentParser) -> None:
    """Add `--url`, `--stage` and `--token-file`."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help=f"the address of an API, like https://host/api (default: {URL})")
    where.add_argument("--stage", help="the API of a deployment in the AWS account of your credentials")
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help=f"read the token from it, `-` from standard input (default: {TOKEN}); "
        "without address and token: those of the local stack",
    )


def open_api(args: argparse.Namespace) -> Api:
    """Open the API that options, environment or the local stack name.

    Raises CommandFailed, or LocalStackError where no local stack has been made. The local stack's own token goes to the
    local stack alone.
    """
    given = args.url or (None if args.stage else os.environ.get(URL))
    token = _read_token(args.token_file)
    if given:
        return Api(read_url(given), token or _no_token(given))
    if args.stage:
        from infra.cli.stack_outputs import find_stack

        url = find_stack(args.stage)[1].outputs.get(_URL_OUTPUT)
        if not url:
            raise CommandFailed(f"the stack has no output {_URL_OUTPUT}; deploy it again")
        return Api(read_url(url), token or _no_token(f"stage {args.stage}"), name=f"stage {args.stage}")
    from infra.local import description
    from infra.local.stack import default_root

    local = description.read(default_root() / "stack.json")
    if local.admin is None and not token:
        raise CommandFailed("the local stack has no administrator; `make up` makes one")
    own = local.admin.token if local.admin else ""
    return Api(read_url(f"{local.api_url}/api"), token or own, name="the local stack")


def _read_token(file: str | None) -> str:
    if file is None:
        return os.environ.get(TOKEN, "").strip()
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"the token cannot be read from {file}: {error}", ExitCode.USAGE) from error
    token = text.strip()
    if not token or len(token.split()) != 1 or not token.isascii():
        raise CommandFailed(f"{file} holds no token: one line, `<id>|<secret>`", ExitCode.USAGE)
    return token


def _no_token(whose: str) -> str:
    raise CommandFailed(
        f"there is no token for {whose}: set {TOKEN}, or name a file with --token-file", ExitCode.USAGE
    )
