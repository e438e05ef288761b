"""Writers who demand a version, at the same moment and with faults: at most one wins, and nobody is told a lie."""

import itertools
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles.document import new_document
from chalicelib.articles.writing import Saved
from chalicelib.errors import NotFound, PreconditionFailed, Unavailable, WriteConflict
from chalicelib.ports.article_store import Applied, Article, ArticleStore, Entry, Outcome
from chalicelib.web.preconditions import etag, preconditions_of
from tests.doubles.article_store import Fault, MemoryArticleStore
from tests.unit.test_article_service import (
    APPLIED,
    TurnedStore,
    Turns,
    apply_delta,
    make_service,
    plan_of,
    put,
    report,
)

ORDERS = st.lists(st.integers(0, 5), max_size=60)
FAULTS = st.dictionaries(
    st.integers(0, 20),
    st.sampled_from([Fault.DOWN, Fault.ANSWER_LOST, Fault.LATE, Fault.BEATEN]),
    max_size=4,
)
FEW = settings(max_examples=150, deadline=None)
ONLY_NEW = preconditions_of({"if-none-match": "*"}).check


class Watched(MemoryArticleStore):
    """A store that remembers every document of article 7 with the tag it had."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, object] = {}

    def write_many(self, articles: list[Article]) -> list[Outcome]:  # type: ignore[override]
        outcomes = super().write_many(articles)
        self.note()
        return outcomes

    def note(self) -> None:
        stored = self.stored("7")
        if stored is not None and stored.version is not None:
            self.history[etag(stored.version)] = stored.document


def check_tags(store: Watched, results: dict[str, object]) -> None:
    """A tag that a client was given is that of the document it was given."""
    for result in results.values():
        if isinstance(result, Saved) and result.current:
            assert store.history[etag(result.version)] == result.document


@FEW
@given(choices=ORDERS, faults=FAULTS, mark=st.booleans())
def test_of_two_who_create_one_article_at_most_one_succeeds(
    choices: list[int], faults: dict[int, Fault], mark: bool
) -> None:
    store = Watched()
    if mark:
        put(store, "7", None)
    store.plan = plan_of(faults)
    results: dict[str, object] = {}

    def client(name: str, turns: Turns) -> None:
        service = make_service(TurnedStore(store, turns), name=name)
        report(results, name, lambda: service.put("7", {"F_2": name}, ONLY_NEW))

    Turns([partial(client, "a"), partial(client, "b")]).play(itertools.chain(choices, itertools.count()))
    winners = [name for name, result in results.items() if isinstance(result, Saved)]
    assert len(winners) <= 1
    for name in winners:
        assert store.document("7") == {"id": "7", "F_1": "7", "F_2": name}
        assert results[name].created  # type: ignore[attr-defined]
    for name in results.keys() - set(winners):
        assert isinstance(results[name], PreconditionFailed | Unavailable | WriteConflict)
        if not isinstance(results[name], Unavailable):
            assert (store.document("7") or {}).get("F_2") != name
    if not faults:
        assert len(winners) == 1
        (loser,) = results.keys() - set(winners)
        assert isinstance(results[loser], PreconditionFailed)
    stored = store.stored("7")
    if mark and stored is not None:
        assert stored.hidden.applied == APPLIED
    check_tags(store, results)


@FEW
@given(choices=ORDERS, faults=FAULTS, method=st.sampled_from(["put", "patch", "delete"]))
def test_of_two_who_demand_the_same_version_at_most_one_changes_it(
    choices: list[int], faults: dict[int, Fault], method: str
) -> None:
    store = Watched()
    put(store, "7", new_document("7", {"F_3": "code"}))
    read = store.stored("7")
    assert read is not None
    assert read.version is not None
    condition = preconditions_of({"if-match": etag(read.version)}).check
    store.plan = plan_of(faults)
    results: dict[str, object] = {}

    def client(name: str, turns: Turns) -> None:
        service = make_service(TurnedStore(store, turns), name=name)
        if method == "delete" and name == "b":
            report(results, name, lambda: service.delete("7", condition))
        elif method == "patch":
            report(results, name, lambda: service.patch("7", {f"F_{ord(name)}": name}, (), condition))
        else:
            report(results, name, lambda: service.put("7", {f"F_{ord(name)}": name}, condition))

    Turns([partial(client, "a"), partial(client, "b")]).play(itertools.chain(choices, itertools.count()))
    refusals = (PreconditionFailed, Unavailable, WriteConflict, NotFound)
    winners = [name for name, result in results.items() if not isinstance(result, refusals)]
    assert len(winners) <= 1
    document = store.document("7") or {}
    for name in results.keys() - set(winners):
        if isinstance(results[name], PreconditionFailed | WriteConflict | NotFound):
            assert f"F_{ord(name)}" not in document
    if not faults:
        assert len(winners) == 1
    check_tags(store, results)


@FEW
@given(choices=ORDERS, faults=FAULTS, method=st.sampled_from(["put", "patch"]))
def test_a_delta_file_at_the_same_moment_keeps_its_mark_and_its_place(
    choices: list[int], faults: dict[int, Fault], method: str
) -> None:
    store = Watched()
    put(store, "7", new_document("7", {"F_3": "code"}))
    store.plan = plan_of(faults)
    results: dict[str, object] = {}

    def client(turns: Turns) -> None:
        service = make_service(TurnedStore(store, turns), name="a")
        change = service.put if method == "put" else service.patch
        report(results, "a", lambda: change("7", {"F_10": "client"}))

    def delta(turns: Turns) -> None:
        turned: ArticleStore = TurnedStore(store, turns)
        apply_delta(turned, Entry(9, 0), {"F_11": "delta"})

    Turns([client, delta]).play(itertools.chain(choices, itertools.count()))
    store.plan = plan_of({})
    stored = store.get_many(["7"])["7"]
    assert stored.hidden.applied == Applied(Entry(9, 0), Entry(9, 0))
    assert stored.hidden.write_ids.count("a0") <= 1
    assert stored.document is not None
    if isinstance(results["a"], Saved):
        assert stored.hidden.write_ids[0] == "a0"
        assert stored.document["F_10"] == "client"
    if method == "patch":
        assert stored.document["F_11"] == "delta"
        assert stored.document["F_3"] == "code"
    check_tags(store, results)
