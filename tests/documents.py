"""The project's documents as tests read them: tables under headings, links, commands in code."""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = (PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md")))

_FENCE = re.compile(r"^ *```.*?^ *```\s*?$", re.DOTALL | re.MULTILINE)
_FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```\s*?$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
_CELL_END = re.compile(r"(?<!\\)\|")
_NO_ANCHOR = re.compile(r"[^\w\- ]")

Table = list[dict[str, str]]
"""Rows, each a mapping of column heading to cell, markup included."""


@dataclass(frozen=True)
class Command:
    """A command that a document tells a person to run: its words, and the document that says so."""

    words: tuple[str, ...]
    document: str


def text_of(document: str) -> str:
    """The text of `docs/<document>`, or of a document of the project's root."""
    return next(path for path in DOCUMENTS if path.name == document).read_text()


def tables(document: str, heading: str) -> list[Table]:
    """The tables that stand under this heading, before the next one. Raises KeyError where there is no such heading."""
    text = _FENCE.sub("", text_of(document))
    places = list(_HEADING.finditer(text))
    for place, following in zip(places, [*places[1:], None], strict=True):
        if place[1] == heading:
            return _tables(text[place.end() : following.start() if following else len(text)])
    raise KeyError(f"{document} has no heading {heading!r}")


def table(document: str, heading: str) -> Table:
    """The first table under this heading."""
    return tables(document, heading)[0]


def code(cell: str) -> list[str]:
    """What stands as code in a cell."""
    return [found.replace("\\|", "|") for found in _CODE.findall(cell)]


def named(rows: Table, column: str) -> list[str]:
    """What stands as code in this column, of all rows."""
    return [name for row in rows for name in code(row[column])]


def once(names: list[str]) -> set[str]:
    """The names as a set; each must stand there once."""
    assert sorted(names) == sorted(set(names)), "something stands twice in a table"
    return set(names)


def links(path: Path) -> list[str]:
    """The targets of all links of a document."""
    return _LINK.findall(_FENCE.sub("", path.read_text()))


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text()))
    return {_NO_ANCHOR.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def fenced(path: Path, kind: str) -> list[str]:
    """The fenced blocks of this kind (`sh`, `json`) in a document."""
    return [block for found, block in _FENCED.findall(path.read_text()) if found == kind]


def commands(program: str) -> list[Command]:
    """Every call of this program in fenced shell code and in code within a line, its arguments as words."""
    found = []
    call = re.compile(rf"^(?:\.venv/bin/)?{re.escape(program)} +([^#;|&\n]+)")
    for path in DOCUMENTS:
        text = path.read_text()
        lines = [line for block in fenced(path, "sh") for line in block.splitlines()]
        lines += _CODE.findall(_FENCE.sub("", text))
        found += [
            Command(tuple(match[1].split()), path.name) for line in lines if (match := call.match(line))
        ]
    return found


def _tables(text: str) -> list[Table]:
    found: list[Table] = []
    heads: list[str] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            heads = []
            continue
        cells = [cell.strip() for cell in _CELL_END.split(line)[1:-1]]
        if not heads:
            heads = cells
            found.append([])
        elif not set(line) <= set("|-: "):
            found[-1].append(dict(zip(heads, cells, strict=True)))
    return found
