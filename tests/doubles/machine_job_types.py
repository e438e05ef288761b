"""Small types of jobs over a set of items, each with one way of its own: tests of the machine run them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from chalicelib.jobs.run_type import BeginAnew, Done, Json, Plan, RunFailed
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from tests.doubles.faults import Killed

PAGE = 3


@dataclass
class MemoryItems:
    """What jobs work on: numbered items, and what was done to them. Each method is a call of a port.

    `outcomes`: item → what became of it. `working`: jobs that are in a page at this moment; `overlaps`: how often
    one was entered twice.
    """

    count: int = 10
    outcomes: dict[int, str] = field(default_factory=dict)
    tries: int = 0
    working: dict[str, int] = field(default_factory=dict)
    overlaps: int = 0

    def after(self, position: int, limit: int) -> list[int]:
        """The items behind a position."""
        return list(range(position, min(position + limit, self.count)))

    def do(self, numbers: list[int], outcome: str) -> None:
        """Does something to items; the same once more changes nothing."""
        for number in numbers:
            before = self.outcomes.setdefault(number, outcome)
            assert before == outcome, f"{number} was {before} and is {outcome}"

    def fails(self, most: int) -> bool:
        """Whether what is tried now fails, as the first so many tries do."""
        self.tries += 1
        return self.tries <= most

    def enter(self, job: str) -> None:
        self.working[job] = self.working.get(job, 0) + 1
        self.overlaps += self.working[job] > 1

    def leave(self, job: str) -> None:
        self.working[job] -= 1


def items_of(work: Work) -> MemoryItems:
    """The items, behind the faults of the test."""
    return cast(MemoryItems, cast(Any, work.lrs).items)


class Paged(JobType):
    """Goes through all items, page by page; what it does to them its subclasses say."""

    store: ClassVar[str] = "none"

    def plan(self, work: Work, position: Json | None) -> Plan:
        start = 0 if position is None else int(str(position["at"]))
        numbers = items_of(work).after(start, PAGE)
        return Plan({"numbers": numbers}, {"at": start + len(numbers)}, len(numbers) < PAGE)

    def apply(self, work: Work, items: Json) -> Done:
        items_of(work).enter(work.job.id)
        try:
            return self.page(work, cast(list[int], items["numbers"]))
        finally:
            items_of(work).leave(work.job.id)

    def page(self, work: Work, numbers: list[int]) -> Done:
        items_of(work).do(numbers, "done")
        return Done(done=len(numbers))


class Deletes(Paged):
    """Knows its total, leaves evidence and remembers where it ended."""

    name = "deletes"
    destroys = True

    def total(self, work: Work) -> int:
        return len(items_of(work).after(0, 10_000))

    def finish(self, work: Work) -> Json:
        return {"ended": True}

    def memory(self, work: Work, position: Json | None) -> Json:
        return dict(position or {})


class Sorts(Paged):
    """Items are done, skipped or fail; it knows no total."""

    name = "sorts"

    def page(self, work: Work, numbers: list[int]) -> Done:
        skipped = [number for number in numbers if number % 3 == 0]
        failed = [number for number in numbers if number % 5 == 1 and number not in skipped]
        done = [number for number in numbers if number not in skipped + failed]
        for outcome, those in (("skipped", skipped), ("failed", failed), ("done", done)):
            items_of(work).do(those, outcome)
        return Done(len(done), len(skipped), len(failed), [f"{number} is bad." for number in failed])


class Measures(Paged):
    """Only doing a page tells where it ends, and whether it is the last."""

    name = "measures"

    def plan(self, work: Work, position: Json | None) -> Plan:
        return Plan({"at": 0 if position is None else position["at"]}, {"at": "as it turns out"})

    def page(self, work: Work, numbers: list[int]) -> Done:
        raise AssertionError

    def apply(self, work: Work, items: Json) -> Done:
        start = cast(int, items["at"])
        numbers = items_of(work).after(start, PAGE)
        items_of(work).do(numbers, "done")
        return Done(done=len(numbers), next={"at": start + len(numbers)}, last=len(numbers) < PAGE)

    def memory(self, work: Work, position: Json | None) -> Json:
        return dict(position or {})


class Loses(Paged):
    """What its pages are made from is gone at the third page, the first `losses` times."""

    name = "loses"
    losses: ClassVar[int] = 1

    def total(self, work: Work) -> int:
        return len(items_of(work).after(0, 10_000))

    def page(self, work: Work, numbers: list[int]) -> Done:
        if numbers[0] >= 2 * PAGE and items_of(work).fails(self.losses):
            raise BeginAnew("The picture is gone.")
        return super().page(work, numbers)


class LosesAlways(Loses):
    """Never comes further."""

    name = "loses-always"
    losses = 1000


class Slow(Paged):
    """Each page takes half a minute."""

    name = "slow"

    def page(self, work: Work, numbers: list[int]) -> Done:
        work.lrs.clock.sleep(30)
        return super().page(work, numbers)


class Failing(Paged):
    """Cannot go on at its second page."""

    name = "failing"
    resumable: ClassVar[bool] = False
    failures: ClassVar[int] = 10**9

    def page(self, work: Work, numbers: list[int]) -> Done:
        if numbers and numbers[0] == PAGE and items_of(work).fails(self.failures):
            raise self.fault()
        return super().page(work, numbers)

    def fault(self) -> BaseException:
        return RunFailed("The other side answered 500.", self.resumable)


class Resumable(Failing):
    """Meets a part at its second page that does not answer three times."""

    name = "resumable"
    resumable = True
    failures = 3


class Hopeless(Failing):
    """Meets a part that never answers."""

    name = "hopeless"
    resumable = True


class Broken(Failing):
    """Has a bug in its second page."""

    name = "broken"

    def fault(self) -> BaseException:
        return ValueError("a bug")


class Poison(Failing):
    """Its second page ends the process."""

    name = "poison"

    def fault(self) -> BaseException:
        return Killed()


class Large(Paged):
    """Plans more than a record holds."""

    name = "large"

    def plan(self, work: Work, position: Json | None) -> Plan:
        return Plan({"numbers": [], "much": "x" * 500_000}, {"at": 0}, True)


class Million(JobType):
    """A million items in pages of 500, two seconds each."""

    name = "million"
    count: ClassVar[int] = 1_000_000
    size: ClassVar[int] = 500

    def total(self, work: Work) -> int:
        return self.count

    def plan(self, work: Work, position: Json | None) -> Plan:
        start = 0 if position is None else int(str(position["at"]))
        end = min(start + self.size, self.count)
        return Plan({"start": start, "end": end}, {"at": end}, end == self.count)

    def apply(self, work: Work, items: Json) -> Done:
        work.lrs.clock.sleep(2)
        items_of(work).do([int(str(items["start"]))], "done")
        return Done(done=int(str(items["end"])) - int(str(items["start"])))


TYPES: Mapping[str, JobType] = {
    kind.name: kind
    for kind in (
        Deletes(),
        Sorts(),
        Measures(),
        Loses(),
        LosesAlways(),
        Slow(),
        Failing(),
        Resumable(),
        Hopeless(),
        Broken(),
        Poison(),
        Large(),
        Million(),
    )
}
