"""What the `lightrail` command prints: live progress on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from infra.local.progress import Report, Task


class ExitCode(IntEnum):
    """What a command tells the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FAILURES = 3
    TIMEOUT = 4
    REFUSED = 5
    INTERRUPTED = 130  # as a shell has it for SIGINT


class CommandFailed(Exception):
    """The command cannot do what was asked; the text says why and what to do."""

    code = ExitCode.FAILED

    def __init__(self, text: str, code: ExitCode | None = None) -> None:
        """`code`: what the command ends with, if not as its kind does."""
        super().__init__(text)
        self.code = self.code if code is None else code

    def as_json(self) -> dict[str, object]:
        """The failure for a script."""
        return {"text": str(self), "code": int(self.code)}


class _PlainTask:
    def __init__(self, label: str, report: "PlainReport") -> None:
        self._label, self._report, self._last = label, report, ""

    def update(self, text: str) -> None:
        """Print the text, unless only what follows its comma (a count of seconds) has changed."""
        what = text.split(",")[0]
        if what != self._last:
            self._last = what
            self._report.say(f"{self._label}: {what}")

    def advance(self, done: int, total: int) -> None:
        """Say nothing: a log is no place for a bar."""


class PlainReport:
    """Progress as lines, each said once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Print one line at once, whole."""
        with self._lock:
            print(text, flush=True)

    @contextmanager
    def task(self, label: str) -> Iterator[Task]:
        """Open a task whose end is a line with the time it took."""
        started = time.monotonic()
        yield _PlainTask(label, self)
        self.say(f"{label}: done ({time.monotonic() - started:.1f} s)")


class _LiveTask:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def update(self, text: str) -> None:
        """Show the text beside the bar."""
        self._progress.update(self._task, detail=text)

    def advance(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total or None)


class LiveReport:
    """Progress as bars that move."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<14}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            console=console,
        )

    def __enter__(self) -> "LiveReport":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False)

    @contextmanager
    def task(self, label: str) -> Iterator[Task]:
        """Open a task with a bar of its own; it stays, marked as done."""
        task = self._progress.add_task(label, total=None, detail="")
        try:
            yield _LiveTask(self._progress, task)
        except BaseException:
            self._progress.update(task, detail="failed")
            self._progress.stop_task(task)
            raise
        self._progress.update(task, total=1, completed=1, detail="done")


@contextmanager
def open_report() -> Iterator[Report]:
    """Yield a report for as long as the work goes on: live on a terminal, else plain."""
    console = Console()
    if console.is_terminal and sys.stdout.isatty():
        with LiveReport(console) as report:
            yield report
    else:
        yield PlainReport()
