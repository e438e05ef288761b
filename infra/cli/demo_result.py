"""What the demo has shown, as a person wants to see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.file_progress import FileProgress
from infra.cli.lrs_ready import described, how_to_call
from infra.local.description import Description

_STATES = ("succeeded", "failed", "blocked")
_PIPE_WIDTH = 120


@dataclass(frozen=True)
class Outcome:
    """The files with their counts, the failures as the API lists them, and one article before and after.

    `statements`: one for each ready client of the record store, as it shows them.
    """

    number: str
    files: Sequence[FileProgress]
    failures: Sequence[Mapping[str, Any]]
    before: Mapping[str, str]
    after: Mapping[str, str]
    statements: Sequence[Mapping[str, Any]] = ()


def show(outcome: Outcome, description: Description, description_file: Path, seconds: float) -> None:
    """Print the outcome and how to go on."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    console.print()
    console.print(_files(outcome.files))
    console.print(_failures(outcome))
    console.print(_article(outcome))
    if outcome.statements:
        console.print(_statements(outcome.statements, description))
    console.print(Text(_next(outcome, description, description_file, seconds)), soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE)
    for column in columns:
        table.add_column(column)
    return table


def _files(files: Sequence[FileProgress]) -> Table:
    table = _table("Delta files, in order of acceptance", "file", "state", "entries", *_STATES)
    for file in files:
        counts = [str(file.counts.get(state, 0)) for state in _STATES]
        table.add_row(_short(file.name), file.state, str(file.total), *counts)
    return table


def _failures(outcome: Outcome) -> Table:
    table = _table("Failures: each holds back the later entries of its article", "article", "file", "why")
    for failure in outcome.failures:
        payload = failure["payload"]
        number = str(payload.get("articleData", {}).get("F_1", "the whole file"))
        table.add_row(Text(number), _short(payload["file"]), Text("\n".join(failure["errors"])))
    return table


def _article(outcome: Outcome) -> Table:
    table = _table(f"Article {outcome.number}", "key", "after the first file", "now")
    for key in sorted(outcome.before.keys() | outcome.after.keys(), key=_key_order):
        old, new = outcome.before.get(key), outcome.after.get(key)
        if old != new:
            table.add_row(key, _value(old), _value(new))
    return table


def _statements(statements: Sequence[Mapping[str, Any]], description: Description) -> Table:
    table = _table("Statements, recorded and read again", "xAPI", "store", "id", "stored")
    for client, statement in zip(description.lrs, statements, strict=True):
        table.add_row(client.xapi_version, client.store, statement["id"], statement["stored"])
    return table


def _key_order(key: str) -> tuple[str, int]:
    kind, _, digits = key.partition("_")
    return kind, int(digits) if digits.isdigit() else 0


def _value(value: str | None) -> Text:
    return Text("absent", style="dim") if value is None else Text(value or '""')


def _short(name: str) -> Text:
    return Text(name.rpartition("/")[2])


def _next(outcome: Outcome, description: Description, description_file: Path, seconds: float) -> str:
    url = f"{description.api_url}/api/v1"
    token = f"""python3 -c 'import json; print(json.load(open("{description_file}"))["admin"]["token"])'"""
    return "\n".join(
        (
            f"Lightrail runs at {url} (all this took {seconds:.0f} s). Call it:",
            f"  TOKEN=$({token})",
            f'  curl -H "Authorization: Bearer $TOKEN" {url}/articles/{outcome.number}',
            f'  curl -H "Authorization: Bearer $TOKEN" {url}/jobs/failedjobs',
            f"Files dropped under s3://{description.bucket}/delta/ are applied by themselves.",
            *_record_store(outcome, description, description_file),
            f"{description_file} has the addresses and keys. `make down` stops it, `make clean` forgets it.",
        )
    )


def _record_store(outcome: Outcome, description: Description, description_file: Path) -> list[str]:
    if not outcome.statements:
        return []
    called = how_to_call(description.lrs[0], description_file, outcome.statements[0]["id"])
    return ["", described(description.lrs, description_file), "Call it:", called, ""]
