"""A run of an export holds no more of a hundred thousand articles than of ten thousand, whatever size they have.

Each size runs in a process of its own, on doubles that make articles as they are read and keep nothing of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.articles.export.columns import MOST_OF_A_KEY
from chalicelib.ports.article_scan import ScannedArticle, ScanPage, Selection
from chalicelib.ports.jobs import Progress
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.export_articles import mapping_text
from tests.doubles.export_world import ExportGround, ExportWorld

FEW, MANY = 10_000, 100_000
ALLOWED = 1.15
ANSWER_BYTES = 16 * 1024 * 1024  # what the scan on OpenSearch holds at most
WIDE = [f"F_{key}" for key in range(2, 8)]
_DESCRIPTION = "BULLET HOLE 30 - IP20 - LED G08 - CRI 90 - 6,1 W - 4000K - BEAM 45°-REFLECTOR "


class MadeArticles:
    """A picture of so many articles, made anew as it is read, in answers of a bounded size."""

    def __init__(self, count: int, length: int) -> None:
        self.count_of_all, self.length = count, length
        self.per_page = max(1, min(2000, ANSWER_BYTES // (length + 100)))

    def take(self) -> str:
        return "picture"

    def count(self, picture: str, selection: Selection) -> int:
        return self.count_of_all

    def page(self, picture: str, selection: Selection, after: str) -> ScanPage:
        first = int(after) + 1 if after else 0
        last = min(first + self.per_page, self.count_of_all)
        text = (_DESCRIPTION * (self.length // len(_DESCRIPTION) + 1))[: self.length]
        articles = [
            ScannedArticle(f"{number:08d}", self.document(number, text), 1000.0)
            for number in range(first, last)
        ]
        return ScanPage(articles, picture, last == self.count_of_all)

    def document(self, number: int, text: str) -> dict[str, str]:
        return {"F_3": f"{number} {text}", "F_80004": "1,50"}

    def drop(self, picture: str) -> None:
        return


class HardArticles(MadeArticles):
    """Of characters that a file writes as five, in six keys."""

    def document(self, number: int, text: str) -> dict[str, str]:
        return dict.fromkeys(WIDE, "&" * (self.length // len(WIDE)))


class Counted:
    """Uploads that count bytes and keep none."""

    def __init__(self) -> None:
        self.parts: dict[int, int] = {}
        self.size = 0

    def begin(self, key: str, media_type: str) -> str:
        return "upload"

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        self.parts[number] = len(data)

    def complete(self, key: str, upload: str, parts: int, size: int) -> None:
        assert (len(self.parts), sum(self.parts.values())) == (parts, size)
        self.size = size

    def give_up(self, key: str, upload: str) -> None:
        return


def _peak(count: int, length: int) -> int:
    """Kilobytes that this process held at most, once it has exported so many articles of that size."""
    return _peak_of(MadeArticles(count, length), format="csv", mapping="test")


def _hard_peak(count: int, length: int) -> int:
    """The same of articles and a mapping that make the largest rows there can be."""
    return _peak_of(HardArticles(count, length), format="xml", mapping="wide")


def _peak_of(articles: MadeArticles, **order: str) -> int:
    ground, count = ExportGround(blobs=MemoryBlobs()), articles.count_of_all
    columns = [{"name": f"{key}_{again}", "source": key} for key in WIDE for again in range(MOST_OF_A_KEY)]
    ground.blobs.put("mappings/wide.yaml", mapping_text("xml", columns, deletions="leave-out"))
    ground.__dict__["article_scan"] = articles
    ground.__dict__["uploads"] = Counted()
    job = ground.order(**order)
    assert job.run is not None
    ExportWorld(ground).job_worker.work(job.type, job.id, job.run.id, lambda: 900.0)
    done = ground.job(job.id)
    assert (done.success, done.progress) == (True, Progress(count, done=count)), done.feedback
    return peak_kilobytes()


def peak_kilobytes() -> int:
    """What this process has held at most; `getrusage` would count what its parent held when it made it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def _peak_of_process(count: int, length: int, peak: Callable[[int, int], int] = _peak) -> int:
    name = peak.__name__
    program = f"from tests.unit.test_exports_memory import {name}; print({name}({count}, {length}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize(("length", "few", "many"), [(1500, FEW, MANY), (150_000, 400, 2000)])
def test_more_articles_take_no_more_memory(length: int, few: int, many: int) -> None:
    assert _peak_of_process(many, length) < ALLOWED * _peak_of_process(few, length)


def test_a_few_large_articles_stay_far_below_what_a_function_has() -> None:
    assert _peak_of_process(1000, 200_000) < 400_000


def test_the_largest_rows_that_there_can_be_stay_below_what_a_function_has() -> None:
    assert _peak_of_process(64, 190_000, _hard_peak) < 600_000
