"""What API clients see of single articles, whatever the store does."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles.document import new_document
from chalicelib.articles.service import ArticleService
from chalicelib.articles.writing import PATIENCE_SECONDS, TRIES
from chalicelib.errors import AlreadyExists, Invalid, LightrailError, NotFound, Unavailable, WriteConflict
from chalicelib.ports.article_store import (
    Applied,
    Article,
    ArticleStore,
    Document,
    Entry,
    Hidden,
    Lost,
    Outcome,
    Unknown,
    Written,
)
from tests.doubles.article_store import Fault, MemoryArticleStore

APPLIED = Applied(Entry(3, 0), Entry(3, 7))


@dataclass
class HeldClock:
    """A clock that moves only when somebody waits on it."""

    time: float = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds


def make_service(store: ArticleStore, clock: HeldClock | None = None, name: str = "w") -> ArticleService:
    ids = itertools.count()
    return ArticleService(store, clock or HeldClock(), lambda: f"{name}{next(ids)}")


def put(store: ArticleStore, number: str, document: Document | None, hidden: Hidden | None = None) -> None:
    before = store.get_many([number]).get(number)
    hidden = hidden or Hidden(APPLIED, ("old",), 1.0, "delta/a.json")
    outcome = store.write_many([Article(number, document, hidden, before.version if before else None)])[0]
    assert isinstance(outcome, Written)


@pytest.fixture
def store() -> MemoryArticleStore:
    store = MemoryArticleStore()
    put(store, "7", new_document("7", {"F_3": "code", "F_80004": "248,28", "C_1": "x"}))
    return store


def test_an_article_is_found_by_its_exact_number(store: MemoryArticleStore) -> None:
    assert make_service(store).find("7").document == store.document("7")
    for number in ("07", "7 ", '"7"'):
        with pytest.raises(NotFound, match=f"Article not found: {number}"):
            make_service(store).find(number)


def test_a_copy_has_the_keys_of_its_source_in_their_places_and_new_ones_at_the_end(
    store: MemoryArticleStore,
) -> None:
    copied = make_service(store).copy("7", "7-copy", {"F_80004": "", "F_99": "new"})
    assert list(copied.items()) == [
        ("id", "7-copy"),
        ("F_1", "7-copy"),
        ("F_3", "code"),
        ("F_80004", ""),
        ("C_1", "x"),
        ("F_99", "new"),
    ]
    assert store.document("7-copy") == copied
    assert store.document("7") == new_document("7", {"F_3": "code", "F_80004": "248,28", "C_1": "x"})


def test_a_copy_needs_a_source_and_a_free_target(store: MemoryArticleStore) -> None:
    put(store, "8", new_document("8", {}))
    service = make_service(store)
    with pytest.raises(NotFound, match="Article not found: nothing"):
        service.copy("nothing", "9", {})
    with pytest.raises(NotFound, match="Article not found: nothing"):
        service.copy("nothing", "nothing", {})
    with pytest.raises(AlreadyExists, match="Article already exists: 8"):
        service.copy("7", "8", {})
    with pytest.raises(AlreadyExists, match="Article already exists: 7"):
        service.copy("7", "7", {"F_3": "other"})
    assert store.document("9") is None
    assert store.document("8") == new_document("8", {})


def test_an_update_sets_the_given_keys_and_leaves_the_others(store: MemoryArticleStore) -> None:
    updated = make_service(store).update("7", {"F_80004": ' 1.248,28 ½" ', "F_2": "日本🔦"})
    assert list(updated.items()) == [
        ("id", "7"),
        ("F_1", "7"),
        ("F_3", "code"),
        ("F_80004", ' 1.248,28 ½" '),
        ("C_1", "x"),
        ("F_2", "日本🔦"),
    ]
    assert store.document("7") == updated


def test_what_is_not_there_cannot_be_updated_or_deleted(store: MemoryArticleStore) -> None:
    service = make_service(store)
    service.delete("7")
    for number in ("7", "8"):
        with pytest.raises(NotFound):
            service.update(number, {"F_2": "x"})
        with pytest.raises(NotFound):
            service.delete(number)
        with pytest.raises(NotFound):
            service.find(number)
        with pytest.raises(NotFound):
            service.copy(number, "9", {})


def test_the_answer_of_a_deletion_has_the_documented_keys_in_their_order(store: MemoryArticleStore) -> None:
    service = make_service(store)
    service.update("7", {"F_2": "x"})
    answer = service.delete("7")
    assert list(answer.items()) == [
        ("_index", "articles"),
        ("_type", "_doc"),
        ("_id", "7"),
        ("_version", 3),
        ("result", "deleted"),
        ("_shards", {"total": 1, "successful": 1, "failed": 0}),
        ("_seq_no", 2),
        ("_primary_term", 1),
    ]
    assert json.dumps(answer)


@pytest.mark.parametrize("act", ["update", "delete", "copy", "create over a mark"])
def test_hidden_fields_are_carried_along_and_the_own_write_id_goes_in_front(
    store: MemoryArticleStore, act: str
) -> None:
    old_ids = tuple(f"old{number}" for number in range(8))
    put(store, "7", new_document("7", {"F_3": "x"}), Hidden(APPLIED, old_ids, 1.0, "delta/a.json"))
    put(store, "mark", None, Hidden(APPLIED, old_ids, 1.0, "delta/a.json"))
    clock = HeldClock()
    service = make_service(store, clock)
    number, expected = "7", Hidden(APPLIED, ("w0", *old_ids[:7]), clock.time, "api")
    if act == "update":
        service.update("7", {"F_3": "y"})
    elif act == "delete":
        service.delete("7")
    elif act == "copy":
        service.copy("7", "9", {})
        number, expected = "9", Hidden(None, ("w0",), clock.time, "api")
    else:
        service.copy("7", "mark", {})
        number = "mark"
    assert store.get_many([number])[number].hidden == expected


def test_an_article_that_would_be_too_large_is_refused_and_not_written(store: MemoryArticleStore) -> None:
    service = make_service(store)
    large = {f"F_{key}": "x" * 32_000 for key in range(2, 9)}
    before = store.document("7")
    for call in (partial(service.update, "7"), partial(service.copy, "7", "9")):
        with pytest.raises(Invalid, match="more than the 200 KB"):
            call(large)
    assert store.document("7") == before
    assert store.document("9") is None


def test_a_refused_document_is_invalid_and_tells_no_inner_detail(store: MemoryArticleStore) -> None:
    store.plan = plan_of({1: Fault.REFUSED})
    with pytest.raises(Invalid) as refused:
        make_service(store).update("7", {"F_2": "x"})
    assert refused.value.faults == {"article": ["The article store does not accept this article."]}


def plan_of(faults: dict[int, Fault]) -> Callable[[str, str], Fault | None]:
    """Faults by the number of the store call, from 0."""
    calls = itertools.count()
    return lambda call, number: faults.get(next(calls))


ACTIONS: dict[str, Callable[[ArticleService], object]] = {
    "copy": lambda service: service.copy("7", "9", {"F_2": "new"}),
    "update": lambda service: service.update("7", {"F_2": "new"}),
    "delete": lambda service: service.delete("7"),
    "find": lambda service: service.find("7"),
}


def done(store: MemoryArticleStore, action: str) -> bool:
    """Whether the action has had its whole effect."""
    return {
        "copy": (store.document("9") or {}).get("F_2") == "new",
        "update": (store.document("7") or {}).get("F_2") == "new",
        "delete": store.document("7") is None,
        "find": True,
    }[action]


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("action", sorted(ACTIONS))
@pytest.mark.parametrize("k", range(5))
def test_one_fault_at_any_store_call_never_makes_a_wrong_report(
    store: MemoryArticleStore, k: int, action: str, fault: Fault
) -> None:
    before = store.document("7")
    store.plan = plan_of({k: fault})
    try:
        answer = ACTIONS[action](make_service(store))
    except (Unavailable, Invalid):
        # A read before anything was written, or a refusal: said so, and nothing has happened.
        assert store.document("7") == before
        assert store.document("9") is None
    else:
        assert done(store, action)
        if action in ("copy", "update"):
            assert answer == store.document("9" if action == "copy" else "7")
        if action == "delete":
            stored = store.stored("7")
            assert stored is not None
            assert stored.version is not None
            assert isinstance(answer, dict)
            assert (answer["_version"], answer["_seq_no"]) == (stored.version.count, stored.version.seq_no)
    if action in ("update", "delete") and done(store, action):
        stored = store.stored("7")
        assert stored is not None
        assert stored.hidden.applied == APPLIED
        assert stored.hidden.write_ids == ("w0", "old")


@pytest.mark.parametrize("action", ["copy", "update", "delete"])
def test_a_lost_answer_of_a_write_that_happened_is_success_and_no_second_write(
    store: MemoryArticleStore, action: str
) -> None:
    reads = 2 if action == "copy" else 1
    store.plan = plan_of({reads: Fault.ANSWER_LOST})
    writes = store.calls["write_many"]
    ACTIONS[action](make_service(store))
    assert done(store, action)
    assert store.calls["write_many"] == writes + 1


@pytest.mark.parametrize("action", ["copy", "update", "delete"])
def test_a_write_that_arrives_after_the_next_read_has_its_effect_once(
    store: MemoryArticleStore, action: str
) -> None:
    reads = 2 if action == "copy" else 1
    store.plan = plan_of({reads: Fault.LATE})
    ACTIONS[action](make_service(store))
    assert done(store, action)
    number = "9" if action == "copy" else "7"
    assert store.get_many([number])[number].hidden.write_ids.count("w0") == 1


def test_who_keeps_losing_is_told_so_within_a_bounded_time_and_nothing_was_written(
    store: MemoryArticleStore,
) -> None:
    before = store.document("7")
    clock = HeldClock()
    started = clock.time
    store.plan = lambda call, number: Fault.BEATEN if call == "write_many" else None
    writes = store.calls["write_many"]
    with pytest.raises(WriteConflict, match="Article 7 is being changed by others"):
        make_service(store, clock).update("7", {"F_2": "x"})
    assert store.calls["write_many"] - writes == TRIES - 1
    assert clock.time - started < PATIENCE_SECONDS
    assert store.document("7") == before


def test_a_store_that_never_answers_a_write_is_unavailable_not_a_conflict(store: MemoryArticleStore) -> None:
    store.plan = lambda call, number: Fault.DOWN if call == "write_many" else None
    with pytest.raises(Unavailable):
        make_service(store).update("7", {"F_2": "x"})


def test_a_store_that_falls_silent_after_a_write_is_unavailable(store: MemoryArticleStore) -> None:
    written: list[str] = []

    def plan(call: str, number: str) -> Fault | None:
        if call == "write_many":
            written.append(number)
            return Fault.ANSWER_LOST
        return Fault.DOWN if written else None

    store.plan = plan
    with pytest.raises(Unavailable):
        make_service(store).update("7", {"F_2": "x"})
    assert written == ["7"]


def test_a_failed_look_after_a_lost_answer_is_repeated(store: MemoryArticleStore) -> None:
    store.plan = plan_of({1: Fault.ANSWER_LOST, 2: Fault.DOWN, 3: Fault.DOWN})
    writes = store.calls["write_many"]
    assert make_service(store).update("7", {"F_2": "x"})["F_2"] == "x"
    assert store.calls["write_many"] == writes + 1


def test_a_write_without_an_answer_that_others_have_overtaken_is_known_not_to_have_happened(
    store: MemoryArticleStore,
) -> None:
    writes = itertools.count()

    def plan(call: str, number: str) -> Fault | None:
        if call != "write_many":
            return None
        return Fault.DOWN if next(writes) == 0 else Fault.BEATEN

    store.plan = plan
    with pytest.raises(WriteConflict):
        make_service(store).update("7", {"F_2": "x"})


def test_an_article_is_not_copied_to_itself_even_if_it_is_deleted_meanwhile(
    store: MemoryArticleStore,
) -> None:
    calls = itertools.count()

    def plan(call: str, number: str) -> Fault | None:
        if next(calls) == 1:
            make_service(store, name="other").delete("7")
        return None

    store.plan = plan
    with pytest.raises(AlreadyExists):
        make_service(store).copy("7", "7", {})
    assert store.document("7") is None


def test_slow_calls_end_the_tries_before_the_gateway_does(store: MemoryArticleStore) -> None:
    clock = HeldClock()
    started = clock.time

    def plan(call: str, number: str) -> Fault | None:
        if call == "write_many":
            clock.time += 5.0
            return Fault.DOWN
        return None

    store.plan = plan
    with pytest.raises(Unavailable):
        make_service(store, clock).update("7", {"F_2": "x"})
    assert clock.time - started < 15


def test_the_last_try_still_recognises_its_write(store: MemoryArticleStore) -> None:
    writes = itertools.count(1)

    def plan(call: str, number: str) -> Fault | None:
        if call != "write_many":
            return None
        return Fault.ANSWER_LOST if next(writes) == TRIES - 1 else Fault.BEATEN

    store.plan = plan
    assert make_service(store).update("7", {"F_2": "x"})["F_2"] == "x"


class Turns:
    """Lets writers run side by side, one store call at a time, in an order that the test chooses."""

    def __init__(self, writers: Sequence[Callable[["Turns"], object]]) -> None:
        self._go = [threading.Semaphore(0) for _ in writers]
        self._waits = threading.Semaphore(0)
        self._running = dict.fromkeys(range(len(writers)), True)
        self._threads = [
            threading.Thread(target=self._run, args=(index, writer)) for index, writer in enumerate(writers)
        ]
        self._local = threading.local()

    def _run(self, index: int, writer: Callable[["Turns"], object]) -> None:
        self._local.index = index
        try:
            self.wait()
            writer(self)
        finally:
            self._running[index] = False
            self._waits.release()

    def wait(self) -> None:
        """Called by a writer before each step."""
        self._waits.release()
        self._go[self._local.index].acquire()

    def play(self, choices: Iterator[int]) -> None:
        for thread in self._threads:
            thread.start()
            self._waits.acquire()
        while any(self._running.values()):
            ready = [index for index, running in self._running.items() if running]
            self._go[ready[next(choices) % len(ready)]].release()
            self._waits.acquire()
        for thread in self._threads:
            thread.join()


@dataclass
class TurnedStore:
    """A store whose every call waits for its writer's turn."""

    store: MemoryArticleStore
    turns: Turns

    def get_many(self, numbers: Sequence[str]) -> dict[str, Article]:
        self.turns.wait()
        return self.store.get_many(numbers)

    def write_many(self, articles: Sequence[Article]) -> list[Outcome]:
        self.turns.wait()
        return self.store.write_many(articles)

    def find_marks(self, older_than: float, limit: int) -> list[Article]:
        return self.store.find_marks(older_than, limit)

    def purge_mark(self, article: Article) -> Outcome:
        return self.store.purge_mark(article)


def apply_delta(store: ArticleStore, entry: Entry, changes: dict[str, str]) -> None:
    """A delta write as the worker makes it: merged on what is stored, inside `applied` never again."""
    while True:
        try:
            stored = store.get_many(["7"])["7"]
        except Unavailable:
            continue
        applied = stored.hidden.applied
        if stored.document is None or (applied and applied.holds(entry)):
            return
        hidden = replace(stored.hidden, applied=Applied(entry, entry), source="delta/b.json")
        outcome = store.write_many([Article("7", {**stored.document, **changes}, hidden, stored.version)])[0]
        if isinstance(outcome, Written):
            return
        assert isinstance(outcome, Lost | Unknown)


def report(results: dict[str, object], name: str, call: Callable[[], object]) -> None:
    try:
        results[name] = call()
    except LightrailError as error:
        results[name] = error


@settings(max_examples=150, deadline=None)
@given(
    choices=st.lists(st.integers(0, 5), max_size=60),
    faults=st.dictionaries(
        st.integers(0, 25),
        st.sampled_from([Fault.DOWN, Fault.ANSWER_LOST, Fault.LATE, Fault.BEATEN]),
        max_size=5,
    ),
)
def test_two_api_writers_and_a_delta_at_once_lose_no_update(
    choices: list[int], faults: dict[int, Fault]
) -> None:
    store = MemoryArticleStore()
    put(store, "7", new_document("7", {"F_3": "code"}))
    store.plan = plan_of(faults)
    results: dict[str, object] = {}

    def client(name: str, turns: Turns) -> None:
        service = make_service(TurnedStore(store, turns), name=name)
        report(results, name, lambda: service.update("7", {f"F_{key}": name for key in (10, ord(name))}))

    def delta(turns: Turns) -> None:
        apply_delta(TurnedStore(store, turns), Entry(9, 0), {"F_11": "delta", "F_10": "delta"})

    Turns([partial(client, "a"), partial(client, "b"), delta]).play(
        itertools.chain(choices, itertools.count())
    )
    store.plan = plan_of({})
    document = store.document("7")
    assert document is not None
    for name in ("a", "b"):
        if isinstance(results[name], dict):
            assert document[f"F_{ord(name)}"] == name
        else:
            # Told as not available: it may have happened or not; told as a conflict: it has not.
            assert isinstance(results[name], Unavailable | WriteConflict)
            if isinstance(results[name], WriteConflict):
                assert f"F_{ord(name)}" not in document
    assert document["F_11"] == "delta"
    assert document["F_3"] == "code"
    stored = store.get_many(["7"])["7"]
    assert stored.hidden.applied == Applied(Entry(9, 0), Entry(9, 0))
    assert stored.hidden.write_ids.count("a0") <= 1


@settings(max_examples=100, deadline=None)
@given(
    choices=st.lists(st.integers(0, 5), max_size=40),
    faults=st.dictionaries(
        st.integers(0, 12), st.sampled_from([Fault.DOWN, Fault.ANSWER_LOST, Fault.LATE]), max_size=3
    ),
)
def test_of_two_copies_to_one_number_at_most_one_succeeds(
    choices: list[int], faults: dict[int, Fault]
) -> None:
    store = MemoryArticleStore()
    put(store, "7", new_document("7", {}))
    store.plan = plan_of(faults)
    results: dict[str, object] = {}

    def client(name: str, turns: Turns) -> None:
        service = make_service(TurnedStore(store, turns), name=name)
        report(results, name, lambda: service.copy("7", "9", {"F_2": name}))

    Turns([partial(client, "a"), partial(client, "b")]).play(itertools.chain(choices, itertools.count()))
    winners = [name for name in ("a", "b") if isinstance(results[name], dict)]
    assert len(winners) <= 1
    for name in winners:
        assert store.document("9") == {"id": "9", "F_1": "9", "F_2": name}
    for name in {"a", "b"} - set(winners):
        assert isinstance(results[name], AlreadyExists | Unavailable)
