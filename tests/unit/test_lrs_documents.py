"""Documents when calls fail, processes die and others write: all of a change or nothing, and a retry that fits."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid, PreconditionFailed, Unavailable
from chalicelib.lrs.documents.bodies import WRITING_SECONDS
from chalicelib.lrs.documents.changing import INLINE_BYTES, Content
from chalicelib.lrs.documents.conditions import Conditions, DocumentExists, conditions_of
from chalicelib.lrs.documents.merging import merged
from chalicelib.lrs.documents.service import Documents
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.versions import V1, V2
from chalicelib.ports.documents import Document, DocumentContext, DocumentName
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.clock import FakeClock
from tests.doubles.documents import MemoryDocuments
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.interleaving import Interleaving
from tests.doubles.steps import between

ANN = {"mbox": "mailto:ann@example.com"}
CONTEXT = DocumentContext("s", "states", agent_key(ANN) or "", "http://example.com/course")
NAME = DocumentName(CONTEXT, "bookmark")
PROFILE = DocumentName(DocumentContext("s", "activity-profiles", "", "http://example.com/course"), "notes")
LARGE = INLINE_BYTES + 1
ANY = Conditions()


def body(text: str, large: bool) -> bytes:
    """A JSON object; a large one is kept in the bucket."""
    return json.dumps({text: 1, "filler": "x" * (LARGE if large else 1)}).encode()


def tag(data: bytes) -> Conditions:
    return conditions_of({"if-match": f'"{hashlib.sha1(data).hexdigest()}"'})


NEW = conditions_of({"if-none-match": "*"})


class World:
    """Documents in memory, with calls that can go wrong or take turns."""

    def __init__(self, front: Callable[[object, str], Any] = lambda port, name: port) -> None:
        self.store, self.bucket, self.clock = MemoryDocuments(), MemoryBlobs(), FakeClock()
        self.ids = iter(range(1_000_000))
        self.documents = self._service(self.store, self.bucket)
        self.shaky = self._service(front(self.store, "documents"), front(self.bucket, "blobs"))

    def _service(self, store: Any, blobs: Any) -> Documents:
        return Documents(store, blobs, self.clock, lambda: f"id{next(self.ids)}")

    def put(
        self, data: bytes, conditions: Conditions = ANY, name: DocumentName = NAME, client: str = "client"
    ) -> None:
        content = Content(client, data, "application/json", json.dumps(ANN))
        self.shaky.put(name, content, conditions, V1 if name == NAME else V2)

    def post(self, data: bytes, conditions: Conditions = ANY) -> None:
        self.shaky.post(NAME, Content("client", data, "application/json"), conditions)

    def body(self, name: DocumentName = NAME) -> bytes | None:
        found = self.documents.read(name)
        return None if found is None else found.body

    def check_calm(self) -> None:
        """After the sweep: every large body has its object, and no object is left over."""
        self.clock.advance(WRITING_SECONDS + 1)
        self.documents.sweep()
        names = {document.object for document in self.store.documents.values() if document.object}
        assert {key.split("/")[-1] for key in self.bucket.keys} == names
        assert {name for _, name in self.store.objects} == names
        for name in self.store.documents:
            assert self.documents.read(name) is not None


FIRST = {large: body("first", large) for large in (False, True)}
SECOND = {large: body("second", large) for large in (False, True)}

CHANGES: dict[str, Callable[[World, bool], None]] = {
    "put": lambda world, large: world.put(SECOND[large]),
    "put if match": lambda world, large: world.put(SECOND[large], tag(FIRST[large])),
    "put small": lambda world, large: world.put(SECOND[False], tag(FIRST[large])),
    "post": lambda world, large: world.post(SECOND[large], tag(FIRST[large])),
    "delete": lambda world, large: world.shaky.delete(NAME, tag(FIRST[large])),
    "clear": lambda world, large: world.shaky.clear(CONTEXT, None),
}


def outcome(change: str, large: bool) -> bytes | None:
    """What is there after the change."""
    if change in ("delete", "clear"):
        return None
    if change == "post":
        return merged(FIRST[large], SECOND[large])
    return SECOND[large and change != "put small"]


def calls(change: str, large: bool) -> int:
    world = World()
    world.put(FIRST[large])
    faults = Faults()
    world.shaky = world._service(Faulty(world.store, "d", faults), Faulty(world.bucket, "b", faults))
    CHANGES[change](world, large)
    return len(faults.seen)


CASES = [
    (change, large, at) for change in CHANGES for large in (False, True) for at in range(calls(change, large))
]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize(("change", "large", "at"), CASES)
def test_a_fault_at_any_call_leaves_all_or_nothing_and_the_same_request_again_succeeds(
    change: str, large: bool, at: int, kind: str
) -> None:
    world = World()
    world.put(FIRST[large])
    faults = Faults(at, kind)
    plain = world.shaky
    world.shaky = world._service(Faulty(world.store, "d", faults), Faulty(world.bucket, "b", faults))
    try:
        CHANGES[change](world, large)
        assert world.body() == outcome(change, large)
    except (Unavailable, Killed):
        assert world.body() in (FIRST[large], outcome(change, large))
    world.shaky = plain
    CHANGES[change](world, large)
    assert world.body() == outcome(change, large)
    world.check_calm()


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("at", range(8))
@pytest.mark.parametrize("conditions", [NEW, ANY])
def test_a_new_profile_whose_answer_was_lost_can_be_sent_again(
    conditions: Conditions, at: int, kind: str
) -> None:
    faults = Faults(at, kind)
    world = World(lambda port, name: Faulty(port, name, faults))
    try:
        world.put(FIRST[True], conditions, PROFILE)
    except (Unavailable, Killed):
        world.put(FIRST[True], conditions, PROFILE)
    assert world.body(PROFILE) == FIRST[True]
    world.check_calm()


def test_who_sends_something_else_or_too_late_is_refused() -> None:
    world = World()
    world.put(FIRST[False], NEW, PROFILE)
    world.put(FIRST[False], NEW, PROFILE)
    with pytest.raises(PreconditionFailed):
        world.put(SECOND[False], NEW, PROFILE)
    with pytest.raises(DocumentExists):
        world.put(SECOND[False], ANY, PROFILE)
    with pytest.raises(PreconditionFailed):
        world.put(FIRST[False], tag(b"never there"), PROFILE)
    with pytest.raises(PreconditionFailed):
        world.put(FIRST[False], NEW, PROFILE, client="another")
    world.clock.advance(301)
    with pytest.raises(PreconditionFailed):
        world.put(FIRST[False], NEW, PROFILE)
    assert world.body(PROFILE) == FIRST[False]


def test_a_write_whose_answer_was_lost_is_known_and_not_done_again() -> None:
    faults = Faults(1, "answer lost")
    world = World(lambda port, name: Faulty(port, name, faults))
    world.put(FIRST[False])
    assert faults.seen == ["documents.get", "documents.put", "documents.get"]


def test_two_changes_of_one_moment_have_an_order() -> None:
    world = World()
    world.put(FIRST[False])
    first = world.store.documents[NAME]
    world.put(SECOND[False])
    second = world.store.documents[NAME]
    assert (second.stored, second.replaced) == (first.stored, first.etag)
    assert second.updated > first.updated


def test_a_body_goes_with_the_version_that_had_it_or_never_came_to_be() -> None:
    world = World()
    world.put(FIRST[True])
    world.put(SECOND[True])
    assert len(world.bucket.keys) == 1
    between(world.store, "put", lambda: world.put(FIRST[False], client="faster"))
    with pytest.raises(PreconditionFailed):
        world.put(FIRST[True], tag(SECOND[True]))
    assert world.bucket.keys == []
    assert world.store.objects == {}


def test_a_sweep_keeps_what_a_slow_writer_comes_to_need() -> None:
    """The note was due when it was listed, and is not when its turn comes."""
    world = World()

    def stand_still() -> None:
        world.clock.advance(WRITING_SECONDS + 1)
        [due] = world.store.due_objects(2**62, 5)
        between(world.store, "claim_deletion", lambda: late.append(world.store.put(*asked, 0)))
        asked.append(
            Document(
                NAME, "client", "", "text/plain", "e", 1, 1, 1, "slow", object=due.id
            )  # as it will write it
        )
        asked.append(None)
        world.documents.sweep()
        raise Killed

    asked: list[Any] = []
    late: list[bool] = []
    between(world.store, "put", stand_still)
    with pytest.raises(Killed):
        world.put(FIRST[True])
    assert late == [True]
    assert world.body() == FIRST[True]


ORDERS = st.lists(st.integers(0, 2), max_size=40)
KILLS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=2)


@settings(max_examples=150, deadline=None)
@given(order=ORDERS, large=st.lists(st.booleans(), min_size=3, max_size=3))
def test_of_those_who_change_the_same_version_one_wins(order: list[int], large: list[bool]) -> None:
    turns = Interleaving()
    world = World(lambda port, name: turns.port(port))
    world.put(FIRST[True])
    bodies = [body(f"writer {number}", each) for number, each in enumerate(large)]
    errors = turns.run([lambda data=data: world.put(data, tag(FIRST[True])) for data in bodies], order)
    won = [number for number, error in enumerate(errors) if error is None]
    assert len(won) == 1
    assert all(isinstance(error, PreconditionFailed) for error in errors if error is not None), errors
    assert world.body() == bodies[won[0]]
    world.check_calm()


@settings(max_examples=150, deadline=None)
@given(order=ORDERS)
def test_of_those_who_create_a_profile_without_condition_one_wins(order: list[int]) -> None:
    turns = Interleaving()
    world = World(lambda port, name: turns.port(port))
    bodies = [body(f"writer {number}", False) for number in range(3)]
    errors = turns.run([lambda data=data: world.put(data, ANY, PROFILE) for data in bodies], order)
    assert sorted(type(error).__name__ for error in errors if error) == ["DocumentExists"] * 2
    assert world.body(PROFILE) == bodies[errors.index(None)]


@settings(max_examples=150, deadline=None)
@given(order=ORDERS, large=st.booleans())
def test_merges_at_the_same_time_all_take_part(order: list[int], large: bool) -> None:
    turns = Interleaving()
    world = World(lambda port, name: turns.port(port))
    world.put(FIRST[large])
    errors = turns.run([lambda key=key: world.post(f'{{"{key}": 1}}'.encode()) for key in "abc"], order)
    assert errors == [None] * 3
    assert {"a", "b", "c", "first"} <= set(json.loads(world.body() or b"{}"))
    world.check_calm()


@settings(max_examples=200, deadline=None)
@given(order=ORDERS, kill=KILLS, jumps=st.sets(st.integers(0, 25), max_size=2))
def test_readers_and_a_sweep_beside_writers_that_stand_still_or_die(
    order: list[int], kill: list[tuple[int, int]], jumps: set[int]
) -> None:
    turns = Interleaving()
    world = World(lambda port, name: turns.port(port))
    world.put(FIRST[True])
    seen: list[Document | None] = []

    def reader() -> None:
        for _ in range(3):
            seen.append(world.shaky.read(NAME))
            world.shaky.sweep()

    errors = turns.run(
        [lambda: world.put(SECOND[True], tag(FIRST[True])), lambda: world.shaky.delete(NAME, ANY), reader],
        order,
        kill,
        lambda turn: world.clock.advance(WRITING_SECONDS + 1 if turn in jumps else 0),
    )
    allowed = (Killed, PreconditionFailed)
    assert all(error is None or isinstance(error, allowed) for error in errors), errors
    assert {each.body for each in seen if each} <= {FIRST[True], SECOND[True]}
    if not jumps:  # no process outlives the time that its note gives it; one that did may leave an object
        world.check_calm()
    assert world.body() in (FIRST[True], SECOND[True], None)


def test_what_is_listed_goes_on_behind_a_cursor() -> None:
    world = World()
    names = [DocumentName(CONTEXT, str(number)) for number in range(7)]
    for name in names:
        world.shaky.put(name, Content("client", b"{}", "application/json"), ANY, V1)
        world.clock.advance(1)
    found, cursor = [], None
    while True:
        page = world.documents.listing("s", "states", cursor=cursor, limit=3)
        found += [document.name for document in page.documents]
        cursor = page.cursor
        if cursor is None:
            break
        world.documents.remove([world.store.documents[page.documents[-1].name]])
    assert found == names
    some = world.documents.listing("s", "states", lambda document: document.name.id in ("1", "4"), limit=2)
    assert [document.name.id for document in some.documents] == ["1", "4"]
    assert world.documents.listing("s", "states", lambda document: False).documents == []
    with pytest.raises(Invalid):
        world.documents.listing("s", "states", cursor="nonsense")


@pytest.mark.parametrize("large", [False, True])
def test_a_document_is_given_to_a_pseudonym(large: bool) -> None:
    pseudonym = {"account": {"homePage": "http://example.com", "name": "f00"}}
    world = World()
    world.put(FIRST[large])
    [listed] = world.documents.listing("s", "states").documents
    assert world.documents.rekey(listed, pseudonym) is True
    assert world.documents.rekey(listed, pseudonym) is False
    assert world.body() is None
    [moved] = world.documents.listing("s", "states").documents
    assert (moved.pseudonymized, json.loads(moved.agent)) == (True, pseudonym)
    assert world.body(moved.name) == FIRST[large]
    world.clock.advance(1)
    world.put(SECOND[large])  # the learner goes on
    [again] = [each for each in world.documents.listing("s", "states").documents if each.name == NAME]
    assert world.documents.rekey(again, pseudonym) is True
    assert world.body(moved.name) == SECOND[large]
    assert len(world.store.documents) == 1
    world.check_calm()


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)
INDENTS = st.sampled_from([None, 0, 1, "\t", " \r\n"])


@given(OBJECTS, OBJECTS, INDENTS, st.booleans())
def test_a_merge_is_what_json_says(
    stored: dict[str, Any], posted: dict[str, Any], indent: int | str | None, escape: bool
) -> None:
    texts = [json.dumps(each, indent=indent, ensure_ascii=escape).encode() for each in (stored, posted)]
    assert json.loads(merged(*texts)) == stored | posted
    assert merged(merged(*texts), texts[1]) == merged(*texts)


@given(st.binary(max_size=30))
def test_whatever_is_posted_is_merged_or_refused(posted: bytes) -> None:
    for pair in ((posted, b"{}"), (b"{}", posted)):
        try:
            assert isinstance(json.loads(merged(*pair)), dict)
        except Invalid:
            continue


@given(st.text(max_size=30))
def test_any_header_is_read(header: str) -> None:
    conditions = conditions_of({"if-match": header, "if-none-match": header})
    assert conditions.given
    assert conditions.hold("") is False


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ('"abc"', True),
        ("abc", True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ("*", True),
        ('"ABC"', False),
        ('"ab"', False),
        ("", False),
    ],
)
def test_a_tag_is_found_in_a_list(header: str, matches: bool) -> None:
    assert conditions_of({"if-match": header}).hold("abc") is matches
    assert conditions_of({"if-none-match": header}).hold("abc") is not matches
