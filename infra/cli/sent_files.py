"""Delta files as the API shows them, found by id or name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from infra.cli.api import Api
from infra.cli.console import CommandFailed

OPEN_STATES = ("queued", "running", "failed")
"""States of files with work that waits, failed or is blocked."""

_TERMINAL = frozenset(("succeeded", "failed", "cleared", "flushed", "expired"))
_ID = re.compile("[0-9A-Za-z-]{1,64}")  # of a file, or of the leave to upload one
_MOST = 500  # items of a part of a list


@dataclass(frozen=True)
class SentFile:
    """A delta file; `shown` is what the API says of it."""

    shown: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its number in the order of acceptance."""
        return str(self.shown["id"])

    @property
    def name(self) -> str:
        """Its name, as it was submitted."""
        return str(self.shown["name"])

    @property
    def short_name(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    @property
    def state(self) -> str:
        """What became of it."""
        return str(self.shown["state"])

    @property
    def entries(self) -> int:
        """How many it holds; 0 until that is known."""
        return int(self.shown["entries"] or 0)

    @property
    def counts(self) -> Mapping[str, int]:
        """Its entries by state."""
        counts: Mapping[str, int] = self.shown["counts"]
        return counts

    @property
    def done(self) -> int:
        """Entries with an outcome."""
        return self.entries - self.counts.get("queued", 0)

    @property
    def is_terminal(self) -> bool:
        """Whether every entry has its outcome."""
        return self.state in _TERMINAL


def read_file(api: Api, id: str) -> SentFile:
    """Return the file of that id. Raises CommandFailed."""
    return SentFile(api.get("delta-files", id))


def newest_first(api: Api, state: str | None = None) -> Iterator[SentFile]:
    """Yield the files in a state (of any, where none is named), the one that was accepted last first."""
    return map(SentFile, api.listed("delta-files", state=state, limit=_MOST))


def newest(api: Api, count: int, states: tuple[str | None, ...] = (None,)) -> list[SentFile]:
    """Return the newest files in these states, in the order of acceptance."""
    found = [file for state in states for file in islice(newest_first(api, state), count)]
    return sorted(found, key=lambda file: int(file.id))[-count:]


def find_file(api: Api, text: str) -> SentFile:
    """Return the file of that id (or of an upload's), else the newest of that name or last part of its name.

    Raises CommandFailed where there is none.
    """
    if _ID.fullmatch(text):
        shown = api.find("delta-files", text)
        if shown is not None:
            return SentFile(shown)
    for file in newest_first(api):
        if file.name == text or file.name.endswith(f"/{text}"):
            return file
    raise CommandFailed(f"nobody sent a file {text}; `lightrail files` lists what was sent")
