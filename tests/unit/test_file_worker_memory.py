"""The file worker holds no more of a file of a million entries than of one of ten thousand.

Each size runs in a process of its own, on doubles that make the file as it is read and keep nothing of what they get.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chalicelib.articles.fan_out import FanOut, FanOutSettings
from chalicelib.ledger.acceptance import Acceptance
from chalicelib.ports.ledger_records import PAGE_SIZE, Page
from chalicelib.ports.queue import Message
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.clock import FakeClock
from tests.doubles.ledger import MemoryLedger

_ENTRY = '{{"operation":"add-article","articleData":{{"F_1":"{0:08d}","F_3":"code {0:08d}","F_80004":"248,28"}}}}\n'
_WIDTH = len(_ENTRY.format(0))
_CHUNK = 2_000


def _lines(first: int, last: int) -> bytes:
    return "".join([_ENTRY.format(number) for number in range(first, last)]).encode()


class MadeFile(MemoryBlobs):
    """A bucket, and a fetcher, with one file of so many entries, made anew whenever it is read."""

    def __init__(self, entries: int) -> None:
        super().__init__()
        self.entries = entries

    def read(self, key: str, version_id: str = "") -> Iterator[bytes]:
        for first in range(0, self.entries, _CHUNK):
            yield _lines(first, min(first + _CHUNK, self.entries))

    def read_range(self, key: str, start: int, end: int) -> bytes:
        first = start // _WIDTH
        return _lines(first, end // _WIDTH + 1)[start - first * _WIDTH : end - first * _WIDTH]

    def write_once(self, key: str, chunks: Iterable[bytes]) -> int:
        size = sum(len(chunk) for chunk in chunks)
        assert size == self.entries * _WIDTH
        return size

    def check(self, url: str) -> str | None:
        return None

    def fetch(self, url: str) -> Iterator[bytes]:
        return self.read(url)


class NoPages(MemoryLedger):
    """A ledger that forgets pages and works them out when they are read."""

    def __init__(self, entries: int) -> None:
        super().__init__()
        self.entries = entries
        self.written = 0

    def create_pages(self, pages: Sequence[Page]) -> None:
        for page in pages:
            assert page == self._page(page.n, page.p)
        self.written += len(pages)

    def pages_of(self, n: int, first: int, limit: int) -> list[Page]:
        last = min(first + limit, -(-self.entries // PAGE_SIZE))
        return [self._page(n, p) for p in range(first, last)]

    def _page(self, n: int, p: int) -> Page:
        first, last = p * PAGE_SIZE, min((p + 1) * PAGE_SIZE, self.entries)
        return Page(n, p, "q" * (last - first), first * _WIDTH, last * _WIDTH - 1)


class Sink:
    """A queue that takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.messages = 0

    def send(self, messages: Sequence[Message]) -> list[bool]:
        self.messages += len(messages)
        return [True] * len(messages)


def main(entries: int) -> None:
    """Sends a file of so many entries; prints the peak of the process in KiB and the seconds that it took."""
    ledger, file, articles, wakes, clock = NoPages(entries), MadeFile(entries), Sink(), Sink(), FakeClock()
    Acceptance(ledger, wakes, clock, lambda: "id", lambda: 0.0).accept_urls(["https://example.com/a"], False)
    began = time.perf_counter()
    FanOut(ledger, file, file, wakes, articles, clock, FanOutSettings()).work(lambda: 900.0)
    seconds = time.perf_counter() - began
    found = ledger.file(1)
    assert found is not None
    assert found[0].stage == "sent", found
    assert (found[0].total, articles.messages) == (entries, entries)
    assert ledger.written == entries // PAGE_SIZE
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, seconds)


def test_a_million_entries_take_no_more_memory_than_ten_thousand() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import main; main({entries})"],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        for entries in (10_000, 1_000_000)
    ]
    small, large = (float(run.communicate(timeout=250)[0].split()[0]) for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert large <= 1.2 * small, f"{small:.0f} KiB for 10,000 entries, {large:.0f} KiB for 1,000,000"
