"""What every search of articles promises, held by the one in memory and the one on a real OpenSearch node."""

import json
import random
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.adapters.opensearch_article_search import OpenSearchArticleSearch
from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_index import encode
from chalicelib.adapters.opensearch_mapping import MAPPING
from chalicelib.articles.document import DOCUMENT_BYTES, size_fault
from chalicelib.articles.renewal import Renewal
from chalicelib.articles.searching import ArticleFinder
from chalicelib.errors import Unavailable
from chalicelib.ports.article_search import ArticleQuery, ArticleSearch, Counts, Facet, Found
from chalicelib.ports.article_store import Article, ArticleStore, Document, Hidden, Written
from tests.doubles.article_search import MemoryArticleSearch
from tests.doubles.article_store import MemoryArticleStore

EVERY = ArticleQuery()


@dataclass
class Place:
    """A store, what searches it, and `refresh`: from there on a search sees what was written before."""

    store: ArticleStore
    search: ArticleSearch
    refresh: Callable[[], None]

    def put(self, number: str, updated_at: float = 0.0, **values: str) -> None:
        """Stores an article over whatever is there."""
        self.write(Article(number, {"id": number, "F_1": number, **values}, Hidden(updated_at=updated_at)))

    def remove(self, number: str) -> None:
        """Leaves a mark."""
        self.write(Article(number, None))

    def write(self, article: Article) -> None:
        stored = self.store.get_many([article.number]).get(article.number)
        version = None if stored is None else stored.version
        outcome = self.store.write_many([replace(article, version=version)])[0]
        assert isinstance(outcome, Written), outcome

    def numbers(self, query: ArticleQuery, after: str | None = None, limit: int = 100) -> list[str]:
        """The numbers that a query finds, and reads."""
        self.refresh()
        found = [each.number for each in self.search.find(query, after, limit)]
        assert [document["id"] for document in self.search.read(query, found)] == found
        return found


class Node:
    """An index of its own on a real node, and plain requests to it."""

    def __init__(self, url: str, alias: str) -> None:
        self.url, self.alias = url, alias

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{self.alias}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def refresh(self) -> None:
        self.call("POST", "/_refresh?ignore_unavailable=true")

    def fields(self) -> set[str]:
        """The fields that the engine has, those it makes for itself among them."""
        self.refresh()
        return set(self.call("GET", "/_field_caps?fields=*")["fields"])

    def place(self) -> Place:
        transport = connect(self.url, signed=False, timeout=60)
        store = OpenSearchArticles(transport, self.alias, replicas=0)
        return Place(store, OpenSearchArticleSearch(transport, self.alias), self.refresh)


@pytest.fixture
def node(opensearch_url: str) -> Iterator[Node]:
    node = Node(opensearch_url, f"articles-{uuid.uuid4().hex}")
    yield node
    node.call("DELETE", "-1?ignore_unavailable=true")


@pytest.fixture
def real(node: Node) -> Place:
    place = node.place()
    place.store.ensure_index()
    return place


@pytest.fixture(params=["memory", "opensearch"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        store = MemoryArticleStore()
        return Place(store, MemoryArticleSearch(store), lambda: None)
    found: Place = request.getfixturevalue("real")
    return found


def test_where_nothing_is_nothing_is_found(place: Place) -> None:
    assert place.numbers(EVERY) == []
    assert place.search.count(EVERY, ["C_1"], 5) == Counts(0, {"C_1": Facet([], 0)})


def test_an_index_that_is_not_there_holds_nothing(node: Node) -> None:
    search = node.place().search
    assert search.find(EVERY, None, 10) == []
    assert search.read(EVERY, ["7"]) == []
    assert search.count(EVERY, ["C_1"], 5) == Counts(0, {"C_1": Facet([], 0)})


def test_articles_come_in_order_of_number_and_marks_not_at_all(place: Place) -> None:
    numbers = ["10", "2", "007", "a", "B", "ø", "漢", "\ue000", "🔦", "1" * 400]
    for number in numbers:
        place.put(number)
    place.put("gone")
    place.remove("gone")
    assert place.numbers(EVERY) == sorted(numbers)
    assert place.numbers(EVERY, after="10", limit=3) == sorted(numbers)[2:5]
    assert place.numbers(EVERY, after="🔦") == []
    assert place.search.read(EVERY, ["gone", "none"]) == []


def test_a_document_is_found_as_it_was_stored_with_its_size(place: Place) -> None:
    values = {"F_9": 'ø ½"', "C_3": "x", "F_2": "", "F_10": "\t\u2028"}
    place.put("7", **values)
    place.refresh()
    (found,) = place.search.find(EVERY, None, 10)
    (document,) = place.search.read(EVERY, ["7"])
    assert list(document.items()) == [("id", "7"), ("F_1", "7"), *values.items()]
    assert found == Found("7", len(encode(document).encode()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["12411116", "12411136", "77"]),
        ("bull", ["12411116", "12411136"]),
        ("6,1 W bull", ["12411116", "12411136"]),
        ("6.1w 36°", ["12411136"]),
        ("45°", ["12411116"]),
        ("reflecteur", ["77"]),
        ("Réfl lüst", ["77"]),
        ("luest", ["77"]),
        ('½"', ["77"]),
        ("日", ["77"]),
        ("1113", ["12411136"]),
        ("411", ["12411116", "12411136"]),
        ("0-ip20", ["12411116", "12411136"]),
        ("w", ["12411116", "12411136", "77"]),
        ("bull wall", ["12411136"]),
        ("ullet", []),
        ("bullet reflecteur", []),
        ("a" * 32 + "x", ["77"]),
        ("a" * 31 + "x", []),
        ("* ? \\ bull", ["12411116", "12411136"]),
    ],
)
def test_words_find_articles(place: Place, text: str, found: list[str]) -> None:
    for number, angle, where in (("12411116", 45, "CEILING"), ("12411136", 36, "WALL")):
        place.put(
            number,
            F_3=f"BH30-IP20-BM{angle}°",
            F_80000=f"BULLET HOLE 30 - 6,1 W - BEAM {angle}°",
            C_75001=where,
        )
    place.put("77", F_80007='Noir – réflecteur ø30, ½" filet, 日本, Lüster w', F_9="a" * 60)
    assert place.numbers(ArticleQuery(text)) == found


def test_the_engine_finds_what_the_rules_of_words_say(real: Place) -> None:
    """Texts of all that words are made of and end at, in many scripts, against the rules in this process."""
    made = random.Random(7)
    signs = "abzABZ019 ,./-°\"'½²ßüÜøåé\u0301日本語🔦\u200b\u2028\x85\x1c\u3000\xa0٣กำ%+_#=\\*?"

    def text(most: int) -> str:
        return "".join(made.choices(signs, k=made.randint(1, most)))

    memory = MemoryArticleStore()
    articles = []
    for place in range(300):
        number = f"{place:03}{text(4).replace('/', '')}"
        articles.append(Article(number, {"id": number, "F_1": number, "F_3": text(12), "C_2": text(30)}))
    for store in (real.store, memory):
        assert all(isinstance(outcome, Written) for outcome in store.write_many(articles))
    double = Place(memory, MemoryArticleSearch(memory), lambda: None)
    found = 0
    for _ in range(150):
        query = ArticleQuery(text(made.choice((1, 2, 4))))
        numbers = double.numbers(query, limit=400)
        assert real.numbers(query, limit=400) == numbers, query
        found += len(numbers) not in (0, 300)
    assert found > 50


def test_exact_values_find_articles_one_of_each_key(place: Place) -> None:
    long = "ø" * 10_000
    place.put("1", C_1="WALL", F_2="", F_3="x", F_4=long)
    place.put("2", C_1="wall", F_2="a", F_3="X", F_4=long + "x")
    place.put("3", C_1="CEILING", F_3="x ", C_2="l" * 300)

    def finds(**values: tuple[str, ...]) -> list[str]:
        return place.numbers(ArticleQuery(values=values))

    assert finds(C_1=("WALL",)) == ["1"]
    assert finds(C_1=("CEILING", "WALL", "none")) == ["1", "3"]
    assert finds(C_1=("CEILING", "WALL"), F_3=("x",)) == ["1"]
    assert finds(F_2=("",)) == ["1"]
    assert finds(F_4=(long,)) == ["1"]
    assert finds(C_2=("l" * 300,)) == ["3"]
    assert finds(F_1=("1", "3", "9")) == ["1", "3"]
    assert finds(F_1=("1",), C_1=("CEILING",)) == []
    assert finds(F_9=("x",)) == []


def test_a_key_is_not_taken_for_another_whatever_the_values_hold(place: Place) -> None:
    place.put("1", F_2="3=x", F_23="x", C_1="1")
    place.put("2", F_12="x", C_11="", F_4="F_2=3=x")
    place.put("3", **{"F_" + "9" * 300: "long key"})
    assert place.numbers(ArticleQuery(values={"F_2": ("3=x",)})) == ["1"]
    assert place.numbers(ArticleQuery(values={"F_2": ("x",)})) == []
    assert place.numbers(ArticleQuery(values={"C_1": ("",)})) == []
    assert place.numbers(ArticleQuery(values={"F_" + "9" * 300: ("long key",)})) == ["3"]
    assert place.numbers(ArticleQuery(values={"F_" + "9" * 299: ("long key",)})) == []


def test_what_was_written_at_a_time_or_later_is_found(place: Place) -> None:
    for number, at in (("1", 99.999), ("2", 100.0), ("3", 100.001)):
        place.put(number, at, F_2="x")
    assert place.numbers(ArticleQuery(updated_since=100.0)) == ["2", "3"]
    assert place.numbers(ArticleQuery("x", {"F_1": ("1", "3")}, 100.0)) == ["3"]
    assert place.numbers(ArticleQuery(updated_since=253_402_300_799.999)) == []
    assert place.numbers(ArticleQuery(updated_since=-62_135_596_800.0)) == ["1", "2", "3"]
    place.put("1", 200.0, F_2="x")
    assert place.numbers(ArticleQuery(updated_since=100.0)) == ["1", "2", "3"]


def test_only_what_is_still_found_is_read(place: Place) -> None:
    for number in "123":
        place.put(number, C_1="WALL")
    query = ArticleQuery(values={"C_1": ("WALL",)})
    place.put("2", C_1="CEILING")
    place.remove("3")
    place.refresh()
    assert place.search.read(query, ["3", "2", "1"]) == [{"id": "1", "F_1": "1", "C_1": "WALL"}]


def test_facets_count_the_values_of_what_is_found(place: Place) -> None:
    for number, where, colour in (
        *(("1", "WALL", "RED"), ("2", "WALL", "BLUE"), ("3", "CEILING", "RED"), ("4", "FLOOR", "RED")),
        *(("5", "ø=#", ""), ("6", "WALL", "BLUE")),
    ):
        place.put(number, C_1=where, C_2=colour, C_11="other")
    place.put("7", C_3="no such")
    place.put("8", C_1="v" * 257, C_2="v" * 256)
    place.put("9", C_1="WALL")
    place.remove("9")
    place.refresh()
    counts = place.search.count(EVERY, ["C_1", "C_2", "C_9"], 10)
    assert counts == Counts(
        8,
        {
            "C_1": Facet([("WALL", 3), ("CEILING", 1), ("FLOOR", 1), ("ø=#", 1)], 0),
            "C_2": Facet([("RED", 3), ("BLUE", 2), ("", 1), ("v" * 256, 1)], 0),
            "C_9": Facet([], 0),
        },
    )
    assert place.search.count(EVERY, ["C_1"], 1).facets == {"C_1": Facet([("WALL", 3)], 3)}
    assert place.search.count(ArticleQuery("red"), [], 1) == Counts(3, {})


def test_a_facet_leaves_the_values_of_its_own_key_aside(place: Place) -> None:
    for number, where, colour in (("1", "WALL", "RED"), ("2", "WALL", "BLUE"), ("3", "CEILING", "RED")):
        place.put(number, C_1=where, C_2=colour, F_3=number)
    place.refresh()
    query = ArticleQuery(values={"C_1": ("WALL",), "C_2": ("RED", "BLUE"), "F_3": ("1", "3")})
    assert place.search.count(query, ["C_1", "C_2"], 10) == Counts(
        1, {"C_1": Facet([("CEILING", 1), ("WALL", 1)], 0), "C_2": Facet([("RED", 1)], 0)}
    )


def test_articles_of_another_release_are_renewed_and_lose_nothing(place: Place, node: Node) -> None:
    """As a release left them that knows nothing of searches: in its index, without its fields."""
    document = {"id": "7", "F_1": "7", "F_3": "BH30", "C_1": "WALL"}
    hidden = Hidden(None, ("b", "a"), 1_700_000_000.123, "file:3")
    _store_as_before(place, node, [Article("7", document, hidden)])
    place.put("8", C_1="WALL")
    place.refresh()
    assert place.store.count_outdated() == 1
    assert place.store.find_outdated("7", 10) == []
    before = place.store.get_many(["7"])["7"]
    renewed = Renewal(place.store).run(lambda: 100.0)
    assert (renewed.written, renewed.left) == (1, 0)
    after = place.store.get_many(["7"])["7"]
    assert (after.document, after.hidden) == (document, hidden)
    assert list(after.document or {}) == list(document)
    assert after.version != before.version
    assert place.numbers(ArticleQuery("h30", {"C_1": ("WALL",)})) == ["7"]
    assert place.store.count_outdated() == 0
    assert place.search.find(EVERY, None, 1) == [Found("7", len(encode(document)))]


def test_an_index_of_another_release_takes_the_new_fields_and_is_listed_meanwhile(node: Node) -> None:
    place = node.place()
    _make_index_as_before(node)
    article = Article("7", {"id": "7", "F_1": "7", "C_1": "WALL"})
    _put_as_before(node, article)
    place.put("8", C_1="WALL")  # written before the index knows what it is found by
    assert place.numbers(EVERY) == ["7", "8"]
    assert place.numbers(ArticleQuery("wall")) == []
    assert place.search.count(EVERY, ["C_1"], 5) == Counts(2, {"C_1": Facet([], 0)})
    assert Renewal(place.store).run(lambda: 100.0).written == 2
    assert place.numbers(ArticleQuery("wall")) == ["7", "8"]


def test_a_writer_who_is_faster_than_the_renewal_wins(real: Place, node: Node) -> None:
    _put_as_before(node, Article("7", {"id": "7", "F_1": "7", "F_3": "old"}))
    node.refresh()
    (stale,) = real.store.find_outdated("", 10)
    real.put("7", F_3="new")
    assert not isinstance(real.store.write_many([stale])[0], Written)
    assert real.numbers(ArticleQuery("new")) == ["7"]


def test_twenty_thousand_keys_add_no_field_to_the_index(real: Place, node: Node) -> None:
    before = node.fields()
    assert set(MAPPING["properties"]) - {"document"} <= before  # type: ignore[call-overload]
    keys = 20_000
    for start in range(0, keys, 500):
        articles = [
            Article(
                str(start + place),
                {
                    "id": str(start + place),
                    "F_1": str(start + place),
                    f"F_{start + place + 10}": f"v{start + place}",
                    f"C_{start + place}": "x",
                },
            )
            for place in range(500)
        ]
        assert all(isinstance(outcome, Written) for outcome in real.store.write_many(articles))
    assert node.fields() == before
    mapped = node.call("GET", "/_mapping")[f"{node.alias}-1"]["mappings"]
    assert mapped["properties"].keys() == dict(MAPPING)["properties"].keys()  # type: ignore[attr-defined]
    assert real.numbers(ArticleQuery(values={"F_15010": ("v15000",)})) == ["15000"]
    assert real.numbers(ArticleQuery("v15000")) == ["15000"]
    assert real.search.count(EVERY, ["C_19999"], 5) == Counts(keys, {"C_19999": Facet([("x", 1)], 0)})


def test_a_hostile_article_is_stored_and_found(real: Place, node: Node) -> None:
    before = node.fields()
    documents = [_thousands_of_keys(), _one_long_word(), _digits_and_letters(), _long_keys()]
    for place, document in enumerate(documents):
        number = str(place)
        whole = {"id": number, "F_1": number, **document}
        assert size_fault(whole) is None
        real.write(Article(number, whole))
    assert node.fields() == before
    assert real.numbers(EVERY) == ["0", "1", "2", "3"]
    assert real.numbers(ArticleQuery(values={"F_2999": ("v2999",), "C_2999": ("w",)})) == ["0"]
    assert real.numbers(ArticleQuery("1a1a1a")) == ["2"]
    assert real.numbers(ArticleQuery(values={"F_" + "7" * 40_000: ("x",)})) == ["3"]


def _thousands_of_keys() -> Document:
    return {
        f"{kind}_{key}": value for key in range(2, 6000) for kind, value in (("F", f"v{key}"), ("C", "w"))
    }


def _one_long_word() -> Document:
    return {f"F_{key}": "x" * 32_000 for key in range(3, 9)}


def _digits_and_letters() -> Document:
    return {f"F_{key}": "1a" * 16_000 for key in range(3, 9)}


def _long_keys() -> Document:
    return {"F_" + "7" * 40_000: "x", "C_" + "7" * 40_000: "x"}


def test_every_article_is_seen_once_while_others_write(real: Place) -> None:
    """Pages of a real engine, with writers who add, delete and change articles between and during them."""
    steady = [f"{number:05}" for number in range(0, 1200, 3)]
    real.store.write_many([Article(number, _steady(number)) for number in steady])
    real.refresh()
    stop, faults = threading.Event(), list[BaseException]()

    def disturb(shift: int) -> None:
        try:
            turn = 0
            while not stop.is_set():
                turn += 1
                number = f"{(turn * 7 * 3 + shift) % 1200:05}"
                real.put(number, F_3=f"b{turn}", C_1="WALL") if turn % 3 else real.remove(number)
                again = steady[turn * 11 % len(steady)]
                stored = real.store.get_many([again])[again]
                changed = {**_steady(again), "F_5": str(turn)}
                real.store.write_many([replace(stored, document=changed)])
        except BaseException as error:  # told by the test
            faults.append(error)

    writers = [threading.Thread(target=disturb, args=(shift,)) for shift in (1, 2)]
    for writer in writers:
        writer.start()
    try:
        for query in (EVERY, ArticleQuery("bull"), ArticleQuery(values={"C_1": ("WALL",)})):
            finder, seen, after = ArticleFinder(real.search), list[str](), None
            while True:
                page = finder.page(query, 37, after)
                seen += [document["id"] for document in page.documents]
                after = page.next
                if after is None:
                    break
            assert seen == sorted(set(seen))
            assert [number for number in seen if number in set(steady)] == steady
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert faults == []


def _steady(number: str) -> Document:
    return {"id": number, "F_1": number, "F_80000": "BULLET HOLE", "C_1": "WALL"}


def test_what_does_not_answer_is_unavailable() -> None:
    search = OpenSearchArticleSearch(connect("http://127.0.0.1:1", signed=False), "articles")
    calls: tuple[Callable[[], object], ...] = (
        lambda: search.find(EVERY, None, 1),
        lambda: search.read(EVERY, ["1"]),
        lambda: search.count(EVERY, [], 1),
    )
    for call in calls:
        with pytest.raises(Unavailable):
            call()


def _store_as_before(place: Place, node: Node, articles: list[Article]) -> None:
    if isinstance(place.store, MemoryArticleStore):
        place.store.write_many(articles)
        place.store.outdated.update(article.number for article in articles)
    else:
        for article in articles:
            _put_as_before(node, article)


_BEFORE = ("schema", "number", "document", "deleted", "write_ids", "updated_at", "source")


def _make_index_as_before(node: Node) -> None:
    properties: Mapping[str, object] = MAPPING["properties"]  # type: ignore[assignment]
    mappings = {"dynamic": False, "properties": {name: properties[name] for name in _BEFORE}}
    made = {"mappings": mappings, "aliases": {node.alias: {}}, "settings": {"number_of_replicas": 0}}
    node.call("PUT", "-1", made)


def _put_as_before(node: Node, article: Article) -> None:
    hidden = article.hidden
    stored = {
        "schema": 1,
        "number": article.number,
        "deleted": False,
        "document": article.document,
        "write_ids": hidden.write_ids,
        "updated_at": round(hidden.updated_at * 1000),
        "source": hidden.source,
    }
    node.call("PUT", f"/_doc/{article.number}", stored)


def test_the_largest_article_there_may_be_is_what_one_without_a_size_counts_for(node: Node) -> None:
    _make_index_as_before(node)
    _put_as_before(node, Article("7", {"id": "7", "F_1": "7"}))
    node.refresh()
    assert node.place().search.find(EVERY, None, 1) == [Found("7", DOCUMENT_BYTES)]
