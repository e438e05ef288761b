"""Where a command takes a password from."""

import getpass
import secrets
import sys

from infra.cli.console import CommandFailed

SOURCES = ("prompt", "stdin", "generated")


def read_password(source: str) -> str:
    """Return the password; never from the command line, where other users of the machine can read it.

    Raises CommandFailed where two answers to the prompt differ.
    """
    if source == "generated":
        return secrets.token_urlsafe(32)
    if source == "stdin":
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise CommandFailed("The two passwords differ; nothing was changed.")
    return password
