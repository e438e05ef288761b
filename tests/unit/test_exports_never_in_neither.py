"""An article that changes while exports run is in one of them or in the next: hypothesis lets writers interleave."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.exports.baselines import OVERLAP
from chalicelib.exports.results import results_of
from chalicelib.ports.article_store import Article, Hidden
from tests.doubles.export_world import ExportGround, ExportWorld
from tests.doubles.faults import Faults

NUMBERS = ["1", "2", "3"]
LATEST = OVERLAP / 1_000_000 - 1  # seconds from a writer's look at its clock until its write can be seen


@dataclass(frozen=True)
class Write:
    """A write that is seen before the call `at` of the export, and bears a time `late` seconds before that."""

    at: int
    number: str
    deleted: bool
    late: float


writes = st.lists(
    st.builds(
        Write,
        at=st.integers(0, 60),
        number=st.sampled_from(NUMBERS),
        deleted=st.booleans(),
        late=st.floats(0, LATEST),
    ),
    max_size=8,
)


class Interleaved(Faults):
    """Writers that come in between the calls of an export."""

    def __init__(self, ground: ExportGround, planned: list[Write], state: dict[str, str | None]) -> None:
        super().__init__()
        self._ground, self._planned, self._state = ground, list(planned), state
        self._serial = 0

    def meet(self, name: str) -> str:
        self.seen.append(name)
        self._ground.clock.advance(1)
        for write in [each for each in self._planned if each.at <= len(self.seen)]:
            self._planned.remove(write)
            self.write(write)
        return ""

    def write(self, write: Write) -> None:
        ground, number = self._ground, write.number
        self._serial += 1
        value = None if write.deleted else f"value {len(self.seen)}.{self._serial}"
        stored = ground.articles.stored(number)
        document = None if value is None else {"id": number, "F_1": number, "F_3": value}
        hidden = Hidden(updated_at=ground.clock.now() - write.late)
        ground.articles.write_many([Article(number, document, hidden, stored.version if stored else None)])
        self._state[number] = value

    def rest(self) -> None:
        for write in self._planned:
            self.write(write)
        self._planned.clear()


@given(runs=st.lists(writes, min_size=1, max_size=4), pause=st.floats(0, 2000), fails=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_who_reads_every_export_since_the_last_knows_all_articles(
    runs: list[list[Write]], pause: float, fails: int
) -> None:
    ground = ExportGround()
    state: dict[str, str | None] = {}
    known: dict[str, str] = {}
    for place, planned in enumerate([*runs, []]):
        faults = Interleaved(ground, planned, state)
        job = ExportWorld(ground).exports.create({"format": "csv", "mapping": "test", "since": "last"})
        if place == fails:  # a run that is not published moves nothing forward
            ground.delete(job)
            continue
        assert job.run is not None
        ExportWorld(ground, faults).job_worker.work(job.type, job.id, job.run.id, lambda: 900.0)
        for result in results_of(ground.job(job.id)):
            for number, gone, value, _ in ground.rows(result):
                if gone == "1":
                    known.pop(number, None)
                else:
                    known[number] = value
        faults.rest()
        ground.clock.advance(pause)
    job = ExportWorld(ground).exports.create({"format": "csv", "mapping": "test", "since": "last"})
    ground.settle()
    for number, gone, value, _ in ground.rows(ground.result(job)):
        known.pop(number, None) if gone == "1" else known.__setitem__(number, value)
    assert known == {number: value for number, value in state.items() if value is not None}
