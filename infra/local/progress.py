"""How the local stack says what it is doing; the terminal's side is in `infra.cli.console`."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One piece of work in progress."""

    def update(self, text: str) -> None:
        """Say what the task is doing now."""

    def advance(self, done: int, total: int) -> None:
        """Say how far the task is, in any unit; `total` 0 means that the end is not known."""


class Report(Protocol):
    """Where progress goes; may be used from several threads at once."""

    def say(self, text: str) -> None:
        """Print one line."""

    def task(self, label: str) -> AbstractContextManager[Task]:
        """Open a task; leaving it without an error marks it as done."""


class _SilentTask:
    def update(self, text: str) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""


class SilentReport:
    """A report that goes nowhere, for tests and scripts."""

    def say(self, text: str) -> None:
        """Say nothing."""

    @contextmanager
    def task(self, label: str) -> Iterator[Task]:
        """Yield a task that says nothing."""
        yield _SilentTask()
