"""Text for people and scripts: tables, times, and words of others made harmless for a terminal."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.console import CommandFailed


def printable(text: str) -> str:
    """Text that others chose, without characters that would steer the terminal or break a line."""
    return "".join(character if character.isprintable() else "?" for character in text)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: drawn on a terminal, else a line of tab-separated cells for each row."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        print(title)
        for line in [list(columns), *cells]:
            print("\t".join(line))
        return
    table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def show_json(answer: object) -> None:
    """Print an answer for a script, in ASCII: a number or value may hold half of a surrogate pair."""
    print(json.dumps(answer, indent=2))


def moment(seconds: float) -> str:
    """Return a time as a person and a log have it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else "never"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def whole_number(text: str) -> int:
    """Read an option that is a whole number above 0."""
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:12]) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def confirm(what: str, yes: bool) -> None:
    """Ask before something that cannot be taken back. Raises CommandFailed unless it is agreed to."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed(f"{what} Nothing was done: add --yes to do it without being asked.")
    print(f"{what} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was done")
