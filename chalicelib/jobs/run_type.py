"""What a worker asks of a type of job; everything else comes from the machine.

A run asks its type for a plan (the next page, decided but not done), keeps it, has it done, and counts it: so a page
that was cut off is done again from the same plan. `apply` must bear that: done twice, it has the effect of once and
tells the same counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from chalicelib.ports.jobs import JobRecord, Run

Json = Mapping[str, object]


@dataclass(frozen=True)
class Plan:
    """A page that is decided: what it is about (as JSON, below 200 KB), and where the next begins.

    `last`: nothing follows. An empty `items` with `last` ends the run.
    """

    items: Json
    next: Json
    last: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a page. `notes`: what a person should know, such as why items failed; the first few are kept.

    `next`: where the page after it begins, `last`: nothing follows, `total`: how many items the run expects, where only
    doing the page could tell; None: as it was planned. Done twice, a page tells the same.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    notes: Sequence[str] = ()
    next: Json | None = None
    last: bool | None = None
    total: int | None = None


class RunFailed(Exception):
    """The run cannot go on; `feedback` says why and what to do, in words for a person.

    `resumable`: the position stays, and `resume`, or the next slot, goes on from it.
    """

    def __init__(self, feedback: str, resumable: bool = False) -> None:
        self.feedback, self.resumable = feedback, resumable
        super().__init__(feedback)


class BeginAnew(Exception):
    """What the pages so far were made from is gone: the run begins again, with nothing counted; `feedback` says why."""

    def __init__(self, feedback: str) -> None:
        self.feedback = feedback
        super().__init__(feedback)


WorkT = TypeVar("WorkT")
MadeT = TypeVar("MadeT", covariant=True)


class WorkOf(Protocol[MadeT]):
    """Makes what the types of an API are given.

    From a job, its run, the seconds that an invocation has left, and what a page that may take long calls between its
    steps: so the worker is known to be alive.
    """

    def __call__(
        self, job: JobRecord, run: Run, seconds_left: Callable[[], float], keep: Callable[[], None]
    ) -> MadeT: ...


class RunType(ABC, Generic[WorkT]):
    """What a type of job does in a run, page by page.

    `WorkT` is what it is given: the job and its run, and the services that it works with.
    """

    def total(self, work: WorkT) -> int:
        """How many items the run expects to see; 0: it cannot tell yet."""
        return 0

    @abstractmethod
    def plan(self, work: WorkT, position: Json | None) -> Plan:
        """Decides the next page from a position (None: the start); reads, and changes nothing.

        Raises `RunFailed`; `BeginAnew`; `Unavailable`: the page is tried again.
        """

    @abstractmethod
    def apply(self, work: WorkT, items: Json) -> Done:
        """Does a page, or with a dry run tells what it would do; may be called again for the same items.

        Raises `RunFailed`; `BeginAnew`; `Unavailable`: the page is tried again.
        """

    def abandon(self, work: WorkT, position: Json | None) -> None:
        """Takes away what a run that did not pass has written for itself alone, up to the page before this position.

        Called when a run failed or began anew, or its job was deleted while it ran; perhaps again, and not at all where
        its worker died first. Raises `Unavailable`.
        """
        return

    def finish(self, work: WorkT) -> Json:
        """What the run leaves as evidence, without personal data; called at the end, perhaps again."""
        return {}

    def kept_after(self, work: WorkT) -> Json | None:
        """The settings that are kept of a job whose run passed, where some must go; None: all of them."""
        return None

    def memory(self, work: WorkT, position: Json | None) -> Json:
        """What the job keeps for its next run, of one that passed and ended at this position."""
        return {}
