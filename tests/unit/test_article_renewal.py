"""Articles that another release stored: renewed by the sweep, whatever happens to it, and nothing of them is lost."""

import json
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.articles.renewal import MOST_PER_RUN, READ, SECONDS_KEPT, Renewal, Renewed
from chalicelib.errors import Unavailable
from chalicelib.ledger.sweep import Report
from chalicelib.ports.article_store import Applied, Article, Entry, Hidden
from chalicelib.workers import sweep
from tests.doubles.article_store import MemoryArticleStore
from tests.doubles.clock import FakeClock
from tests.doubles.faults import FAULTS, PARTS, Faults, Faulty, Killed
from tests.functional.stand_ins import Lines

HIDDEN = Hidden(Applied(Entry(3, 0), Entry(5, 9)), ("b", "a"), 1_700_000_000.123, "file:5")


def old_store(count: int) -> MemoryArticleStore:
    """A store of so many articles, all but the last of another release, and a mark."""
    store = MemoryArticleStore()
    for number in range(count):
        store.write_many([Article(f"{number:03}", {"id": f"{number:03}", "F_3": str(number)}, HIDDEN)])
    store.write_many([Article("gone", None, HIDDEN)])
    store.outdated = {article.number for article in store.all()} - {f"{count - 1:03}"}
    store.calls.clear()
    return store


def plenty() -> float:
    return 1000.0


def test_all_are_renewed_with_all_that_they_carry() -> None:
    store = old_store(READ * 2 + 1)
    before = {article.number: (article.document, article.hidden) for article in store.all()}
    assert Renewal(store).run(plenty) == Renewed(READ * 2, 0)
    assert {article.number: (article.document, article.hidden) for article in store.all()} == before
    assert store.outdated == {"gone"}
    assert Renewal(store).run(plenty) == Renewed(0, 0)


def test_where_nothing_is_outdated_one_count_is_all() -> None:
    store = old_store(1)
    assert Renewal(store).run(plenty) == Renewed(0, 0)
    assert store.calls == {"count_outdated": 1}


def test_the_index_is_seen_to_before_anything_is_written() -> None:
    store = old_store(2)
    order: list[str] = []
    faults = Faults()
    faults.seen = order
    Renewal(Faulty(store, "articles", faults)).run(plenty)  # type: ignore[arg-type]
    assert order.index("articles.ensure_index") < order.index("articles.write_many")


def test_it_stops_when_time_runs_short_and_goes_on_with_the_next_run() -> None:
    store = old_store(READ * 3 + 1)
    seconds = iter([SECONDS_KEPT + 1, SECONDS_KEPT + 1, SECONDS_KEPT])
    assert Renewal(store).run(lambda: next(seconds)) == Renewed(READ * 2, READ)
    assert Renewal(store).run(plenty) == Renewed(READ, 0)


def test_a_run_writes_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.articles.renewal.MOST_PER_RUN", READ * 2)
    assert MOST_PER_RUN % READ == 0
    store = old_store(READ * 3 + 1)
    assert Renewal(store).run(plenty) == Renewed(READ * 2, READ)
    assert store.calls["write_many"] == 2


def _calls() -> int:
    faults = Faults()
    Renewal(Faulty(old_store(READ + 2), "articles", faults)).run(plenty)  # type: ignore[arg-type]
    return len(faults.seen)


@pytest.mark.parametrize("kind", FAULTS + PARTS)
@pytest.mark.parametrize("at", range(_calls()))
def test_whichever_call_goes_wrong_the_next_runs_finish_it(at: int, kind: str) -> None:
    store = old_store(READ + 2)
    before = {article.number: (article.document, article.hidden) for article in store.all()}
    with suppress(Unavailable, Killed):
        Renewal(Faulty(store, "articles", Faults(at, kind))).run(plenty)  # type: ignore[arg-type]
    for _ in range(2):
        last = Renewal(store).run(plenty)
    assert last == Renewed(0, 0)
    assert store.outdated == {"gone"}
    assert {article.number: (article.document, article.hidden) for article in store.all()} == before


def test_the_sweep_renews_and_says_how_many_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    store = old_store(READ + 1)
    log = Lines()
    services: Any = SimpleNamespace(
        sweep=SimpleNamespace(run=lambda seconds: Report()),
        renewal=Renewal(store),
        settings=SimpleNamespace(ledger_table="ledger"),
        clock=FakeClock(),
        logger=log,
    )
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 55_000)
    for left, told in ((0, "all articles of other releases renewed"), (0, None)):
        log.lines.clear()
        sweep.handle({}, context, services)
        figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [each["OutdatedArticles"] for each in figures if "OutdatedArticles" in each] == [left]
        assert [told] * (told is not None) == [line["message"] for line in log.lines]
