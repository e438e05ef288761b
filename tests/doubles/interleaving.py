"""Several callers of the same ports, one call of a port at a time, in an order that the test gives."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.faults import Killed


@dataclass
class _Task:
    """One caller: it stands before a call of a port until it is told to go on."""

    run: Callable[[], object]
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    done: bool = False
    kill: bool = False
    error: BaseException | None = None


class Interleaving:
    """Runs callers in turns. A caller may be killed where it stands: the call before was made, the next never is."""

    def __init__(self) -> None:
        self._paused = threading.Semaphore(0)
        self._mine = threading.local()
        self._tasks: list[_Task] = []

    def port(self, inner: object) -> Any:
        """The port, each call of which is a turn."""
        return _Turns(inner, self)

    def run(
        self,
        tasks: Sequence[Callable[[], object]],
        order: Iterable[int],
        kill: Sequence[tuple[int, int]] = (),
        between: Callable[[int], object] = lambda turn: None,
    ) -> list[BaseException | None]:
        """Runs all to their end, and returns what each raised.

        `order`: which of those still running goes on, by number (modulo their count); the first, once it is used up.
        `kill`: (task, turn of its own) pairs. `between`: called after every turn.
        """
        self._tasks = [_Task(run) for run in tasks]
        turns: Iterator[int] = iter(order)
        made = [0] * len(tasks)
        for task in self._tasks:
            threading.Thread(target=self._live, args=(task,), daemon=True).start()
            self._paused.acquire()
        count = 0
        while running := [index for index, task in enumerate(self._tasks) if not task.done]:
            index = running[next(turns, 0) % len(running)]
            self._tasks[index].kill = (index, made[index]) in kill
            made[index] += 1
            self._tasks[index].go.release()
            self._paused.acquire()
            between(count)
            count += 1
        return [task.error for task in self._tasks]

    def turn(self) -> None:
        """Waits for the turn of the caller that this is; nothing outside of `run`."""
        task: _Task | None = getattr(self._mine, "task", None)
        if task is None:
            return
        self._paused.release()
        task.go.acquire()
        if task.kill:
            raise Killed

    def _live(self, task: _Task) -> None:
        self._mine.task = task
        try:
            self.turn()
            task.run()
        except BaseException as error:
            task.error = error
        task.done = True
        self._paused.release()


class _Turns:
    def __init__(self, inner: object, interleaving: Interleaving) -> None:
        self._inner, self._interleaving = inner, interleaving

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._inner, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._interleaving.turn()
            return target(*args, **kwargs)

        return call
