"""Reads the `curl` commands of a shell block as requests: examples run where there is no curl and no network."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from tests.documents import PROJECT

_PIECE = re.compile(
    r"""(?P<gap>\\\n|[ \t]+)|(?P<end>\n)|(?P<comment>\#[^\n]*)|'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"])*)"|"""
    r"""(?P<plain>(?:\$\([^)]*\)|[^\s'"\\])+)"""
)
_VARIABLE = re.compile(r"\$(?:\((\w+ \w+)\)|\{(\w+)\}|(\w+))")
_ASSIGNMENT = re.compile(r"([A-Z]\w*)=(.*)", re.DOTALL)
_WITH_VALUE = ("-u", "-H", "-d", "-X", "--data-urlencode", "--data-binary")


@dataclass
class Curl:
    """One command: what it sends, and where."""

    method: str = ""
    url: str = ""
    user: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)


def read(block: str, variables: Mapping[str, str]) -> Iterator[Curl]:
    """The curl commands of a block, in order; assignments hold for what follows; other commands are left out."""
    known = dict(variables)
    for words in _commands(block, known):
        assigned = _ASSIGNMENT.fullmatch(words[0])
        if assigned and len(words) == 1:
            known[assigned[1]] = assigned[2]
        elif words[0] == "curl":
            yield _command(words[1:])


def _commands(block: str, known: Mapping[str, str]) -> Iterator[list[str]]:
    words: list[str] = []
    joined = False
    for piece in _PIECE.finditer(block + "\n"):
        if piece["end"]:
            if words:
                yield words
            words, joined = [], False
        elif piece["gap"]:
            joined = False
        elif not piece["comment"]:
            text = piece["single"] if piece["single"] is not None else _expanded(piece, known)
            words = [*words[:-1], words[-1] + text] if joined else [*words, text]
            joined = True


def _expanded(piece: re.Match[str], known: Mapping[str, str]) -> str:
    text = piece["plain"] if piece["double"] is None else re.sub(r"\\(.)", r"\1", piece["double"])
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2] or found[3], found[0]), text)


def _command(words: list[str]) -> Curl:
    made = Curl()
    as_query = False
    rest = iter(words)
    for word in rest:
        if word == "-G":
            as_query = True
        elif word not in _WITH_VALUE:
            assert not word.startswith("-"), f"curl {word} is not read here"
            made.url = word
        else:
            _take(made, word, next(rest))
    if as_query:
        made.url += f"{'&' if urlsplit(made.url).query else '?'}{'&'.join(made.data)}"
        made.data = []
    made.method = made.method or ("POST" if made.data else "GET")
    if made.data:  # as curl does
        made.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return made


def _take(made: Curl, option: str, value: str) -> None:
    if option == "-u":
        made.user = value
    elif option == "-X":
        made.method = value
    elif option == "-d":
        made.data.append(value)
    elif option == "--data-binary":
        made.data.append((PROJECT / value.removeprefix("@")).read_text())
    elif option == "--data-urlencode":
        name, _, text = value.partition("=")
        made.data.append(f"{name}={quote(text, safe='')}")
    else:
        name, _, text = value.partition(":")
        made.headers[name.strip()] = text.strip()
