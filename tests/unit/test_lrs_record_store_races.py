"""What holds under writers and readers, in any order of their calls, with any of them killed at any call."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import NotFound, Unavailable, WriteConflict
from chalicelib.lrs.errors import StatementConflict
from chalicelib.lrs.keys import key
from chalicelib.lrs.statements.preparing import VOIDED
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.versions import V1
from chalicelib.ports.statement_store import StatementRecord, StatementSearch
from tests.doubles.faults import Killed
from tests.doubles.interleaving import Interleaving
from tests.doubles.lrs_world import LrsWorld, Stored, principal

A, B, C, D = (str(uuid.UUID(int=number + (4 << 76) + (8 << 60))) for number in range(4))
EXPECTED = (Unavailable, WriteConflict, StatementConflict, Killed)
READ = "http://example.com/verbs/read"


def statement(name: str, verb: str = READ, note: str = "") -> dict[str, object]:
    made: dict[str, object] = {
        "id": name,
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": verb},
        "object": {"id": "http://example.com/activities/one"},
    }
    return made | ({"result": {"response": note}} if note else {})


def referring(name: str, target: str, verb: str = "http://example.com/verbs/commented") -> dict[str, object]:
    return statement(name, verb) | {"object": {"objectType": "StatementRef", "id": target}}


def voiding(name: str, target: str) -> dict[str, object]:
    return referring(name, target, VOIDED)


Records = Mapping[str, StatementRecord]


@dataclass
class Post:
    """One request, and whether its client got a 200."""

    statements: Sequence[dict[str, object]]
    answered: bool = False


@dataclass
class Seen:
    """What one answer of a list said: the ids in it and the time it is consistent through."""

    ids: set[str]
    through: int


@dataclass
class Story:
    """Actors over one store, every call of a port in a chosen order."""

    stored: Stored = field(default_factory=Stored)
    steps: Interleaving = field(default_factory=Interleaving)
    posts: list[Post] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    followed: list[list[str]] = field(default_factory=list)

    def process(self) -> LrsWorld:
        return LrsWorld(self.stored, lambda _, port: self.steps.port(port))

    def post(self, *statements: dict[str, object], tries: int = 1) -> Callable[[], object]:
        post = Post(statements)
        self.posts.append(post)

        def run() -> None:
            world = self.process()
            for attempt in range(tries):
                try:
                    world.recording.record(principal(), V1, list(statements), {})
                    post.answered = True
                    return
                except (Unavailable, WriteConflict):
                    if attempt == tries - 1:
                        raise

        return run

    def follow(self, rounds: int = 3) -> Callable[[], object]:
        """A reader who asks for what came since the last statement it saw."""
        mine: list[str] = []
        self.followed.append(mine)

        def run() -> None:
            world, since = self.process(), None
            for _ in range(rounds):
                page = world.reader.query(principal(), StatementQuery(ascending=True, since=since))
                mine.extend(record.id for record in page.records)
                self.seen.append(Seen(set(mine), page.consistent_through))
                since = page.records[-1].stored if page.records else since

        return run

    def sweep(self) -> None:
        LrsWorld(self.stored).sweep.run(["store"])

    def play(
        self, runs: Sequence[Callable[[], object]], order: Sequence[int], kill: Sequence[tuple[int, int]]
    ) -> None:
        for error in self.steps.run(runs, order, kill):
            if error is not None and not isinstance(error, EXPECTED):
                raise error
        for _ in range(2):  # the leases run out, the sweep comes
            self.stored.clock.advance(61)
            self.sweep()
        self.stored.clock.advance(700)
        self.sweep()

    def check(self) -> None:
        world = LrsWorld(self.stored)
        every = StatementSearch(store="store", upto=0, limit=100, voided=None)
        visible = {record.id: record for record in world.reader.page(every).records}
        assert not world.record_clock.read("store").open
        for post in self.posts:
            there = [_is_there(visible, each) for each in post.statements]
            assert all(there) or not any(there), "a part of a batch is stored"
            assert all(there) or not post.answered, "an answered statement is lost"
        self._check_marks(visible)
        order = sorted(visible.values(), key=lambda record: record.stored)
        assert len({record.stored for record in order}) == len(order)
        for seen in self.seen:
            assert seen.ids >= {
                record.id for record in order if record.stored <= seen.through and not record.voided
            }, "the consistent time was not true"
        for followed in self.followed:
            assert len(followed) == len(set(followed)), "a reader saw a statement twice"
            places = [visible[name].stored for name in followed]
            assert places == sorted(places)

    def _check_marks(self, visible: Records) -> None:
        for record in visible.values():
            target = visible.get(record.refers_to or "")
            if target is None:
                continue
            if record.voiding and not target.voiding:
                assert target.voided, "a voided statement is not marked"
            assert target.keys in record.targets, "a reference does not find its target"
            assert set(target.targets) <= set(record.targets)


def _is_there(visible: Records, each: dict[str, object]) -> bool:
    record = visible.get(str(each["id"]))
    if record is None:
        return False
    stored = json.loads(record.text)
    return bool(stored.get("result") == each.get("result") and stored["verb"] == each["verb"])


def test_a_statement_is_stored_found_and_shown() -> None:
    world = LrsWorld()
    [name] = world.recording.record(principal(), V1, [statement(A)], {}).ids
    assert name == A
    record = world.reader.get(principal(), A)
    assert json.loads(record.text)["stored"].endswith("Z")
    page = world.reader.query(principal(), StatementQuery(verb=key(READ)))
    assert [each.id for each in page.records] == [A]
    assert not page.more


def test_the_same_again_is_the_same_answer_and_other_content_a_conflict() -> None:
    world = LrsWorld()
    world.recording.record(principal(), V1, [statement(A)], {})
    before = world.reader.get(principal(), A)
    assert world.recording.record(principal(), V1, [statement(A), statement(B)], {}).ids == [A, B]
    assert world.reader.get(principal(), A).text == before.text
    with pytest.raises(StatementConflict):
        world.recording.record(principal(), V1, [statement(C), statement(A, note="other")], {})
    with pytest.raises(NotFound):
        world.reader.get(principal(), C)


def test_a_batch_that_is_half_undone_holds_up_no_list() -> None:
    stored = Stored()
    stored.statement_store.always_fresh = True
    world = LrsWorld(stored)
    world.recording.record(principal(), V1, [statement(A)], {})

    stored.record_clock.register("store", "dead", 1, 0, 0)
    stored.record_clock.begin_undo("store", "dead")
    [held] = stored.statement_store.stored("store")
    stored.statement_store.create([replace(held, id=B, batch="dead", stored=held.stored + 1)])
    world.recording.record(principal(), V1, [statement(C)], {})
    page = world.reader.query(principal(), StatementQuery())
    assert [record.id for record in page.records] == [C, A]
    assert page.consistent_through >= page.records[0].stored


STORIES: dict[str, Callable[[Story], list[Callable[[], object]]]] = {
    "the same ids, the same content": lambda story: [
        story.post(statement(A), statement(B)),
        story.post(statement(B), statement(A)),
    ],
    "the same ids, other content": lambda story: [
        story.post(statement(A), statement(B)),
        story.post(statement(B, note="x"), statement(A, note="x")),
    ],
    "a voiding statement and its target": lambda story: [
        story.post(voiding(B, A)),
        story.post(statement(A)),
    ],
    "a chain of references": lambda story: [
        story.post(referring(C, B)),
        story.post(referring(B, A)),
        story.post(statement(A)),
    ],
    "writers and a follower": lambda story: [
        story.post(statement(A), statement(B)),
        story.post(statement(C)),
        story.follow(),
    ],
    "a follower beside a conflict": lambda story: [
        story.post(statement(A), statement(B), tries=2),
        story.post(statement(B, note="x"), tries=2),
        story.follow(4),
    ],
}


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    order=st.lists(st.integers(0, 2), max_size=80),
    victim=st.integers(-1, 2),
    death=st.integers(0, 25),
)
def test_in_any_order_with_any_death(name: str, order: list[int], victim: int, death: int) -> None:
    story = Story()
    story.play(STORIES[name](story), order, [(victim, death)])
    story.check()


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("order", [[], [0, 1, 2] * 40, [1, 0, 2] * 40, [2, 2, 1, 0] * 40])
def test_each_death_in_turn(name: str, order: list[int]) -> None:
    for victim in range(3):
        for death in range(26):
            story = Story()
            story.play(STORIES[name](story), order, [(victim, death)])
            story.check()
