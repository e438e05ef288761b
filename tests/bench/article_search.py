"""(h) Searches of articles: kinds of queries at 10,000 articles and at many, the first page and a deep one, facets.

Each is a whole page of the finder (two searches), asked of both indexes in turns. Beside it, in the same run: one plain
search of the engine that fetches the same page by its numbers, which is what anybody has to pay for these documents.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.adapters.opensearch_article_search import OpenSearchArticleSearch
from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.articles.searching import ArticleFinder
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.article_store import Article, Document, Hidden, Written
from tests.bench.catalogue import features
from tests.bench.ground import Ground
from tests.bench.measuring import Goal, Series, heading, in_turns, line, ratios

FEW, MANY = 10_000, int(os.environ.get("BENCH_ARTICLES", "500000"))
PAGE = 100
ROUNDS = 40
DEPTH = Goal("at most", 1.3)
FIRST_NUMBER, STEP = 12_000_000, 7
FIRST_WRITTEN = 1_700_000_000.0
_PER_WRITE = 500

Run = Callable[[int], object]


def measure(ground: Ground) -> None:
    """Measures and prints."""
    transport = ground.raw_transport()
    names: list[str] = []
    runs: list[Run] = []
    for count in (FEW, MANY):
        alias = f"bench-articles-{count}"
        _fill(transport, alias, count)
        asked = _asked(transport, alias, count)
        names = list(asked)
        runs += asked.values()
    seconds = in_turns(ROUNDS, runs, warm_up=5)
    every = [
        Series(name, "ms", [each * 1000 for each in of]) for name, of in zip(names * 2, seconds, strict=True)
    ]
    few, many = every[: len(names)], every[len(names) :]
    for count, series in ((FEW, few), (MANY, many)):
        heading(f"(h) searches of articles, pages of {PAGE}, at {count:,}")
        for each in series:
            line(each)
        at = {each.name: each for each in series}
        line(ratios("deep page ÷ first page", at["all, deep page"], at["all"]), DEPTH, digits=2)
        line(ratios("first page ÷ plain search", at["all"], at["plain search"]), digits=2)
        line(ratios("noise: all, again ÷ all", at["all, again"], at["all"]), digits=2)
    heading("(h) growth of each from the few to the many")
    for before, after in zip(few, many, strict=True):
        line(ratios(before.name, after, before), digits=2)


def article(place: int) -> Article:
    """The article at this place of the catalogue: always the same."""
    name = _number(place)
    document: Document = {"id": name, "F_1": name, **features(place)}
    return Article(name, document, Hidden(updated_at=FIRST_WRITTEN + place, source="file:1"))


def _number(place: int) -> str:
    return str(FIRST_NUMBER + place * STEP)


def _asked(transport: Transport, alias: str, count: int) -> Mapping[str, Run]:
    finder = ArticleFinder(OpenSearchArticleSearch(transport, alias))
    middle = FIRST_WRITTEN + count // 2

    def page(query: ArticleQuery, after: str | None = None) -> Run:
        return lambda _: finder.page(query, PAGE, after)

    def counted(query: ArticleQuery) -> Run:
        # Never asked twice: the engine remembers counts until something is written.
        return lambda number: finder.count(
            replace(query, updated_since=FIRST_WRITTEN - 1 - number), ["C_75000", "C_75001", "C_75048"]
        )

    wall = {"C_75001": ("WALL",)}
    return {
        "all": page(ArticleQuery()),
        "all, deep page": page(ArticleQuery(), _number(count * 9 // 10)),
        "one letter: w": page(ArticleQuery("w")),
        "one digit: 1": page(ArticleQuery("1")),
        "beginning of a word: bull": page(ArticleQuery("bull")),
        "beginning of a word, deep page": page(ArticleQuery("bull"), _number(count * 9 // 10)),
        "three words: orbit 6,1 w": page(ArticleQuery("orbit 6,1 w")),
        "part of a number: 00035": page(ArticleQuery("00035")),
        "no article has it": page(ArticleQuery("bullet xyz")),
        "exact value": page(ArticleQuery(values=wall)),
        "word and values": page(ArticleQuery("gold", {**wall, "C_75000": ("INDOOR",)})),
        "updated since the middle": page(ArticleQuery(updated_since=middle)),
        "facets of all": counted(ArticleQuery()),
        "facets of a word": counted(ArticleQuery("bull", wall)),
        "plain search": _plain(transport, alias, finder),
        "all, again": page(ArticleQuery()),
    }


def _plain(transport: Transport, alias: str, finder: ArticleFinder) -> Run:
    numbers = [document["id"] for document in finder.page(ArticleQuery(), PAGE).documents]
    body = json.dumps({"size": PAGE, "sort": ["_doc"], "query": {"terms": {"number": numbers}}}).encode()

    def run(_: int) -> None:
        answer = transport.perform_request("POST", f"/{alias}/_search", body=body)
        assert len(answer["hits"]["hits"]) == len(numbers)

    return run


def _fill(transport: Transport, alias: str, count: int) -> None:
    """Writes so many articles as the application does."""
    store = OpenSearchArticles(transport, alias, replicas=0)
    store.ensure_index()
    for first in range(0, count, _PER_WRITE):
        outcomes = store.write_many(
            [article(place) for place in range(first, min(first + _PER_WRITE, count))]
        )
        assert all(isinstance(outcome, Written) for outcome in outcomes)
    transport.perform_request("POST", f"/{alias}/_refresh")
    while _merges(transport, alias):  # what the writing has left to do would slow the first searches
        time.sleep(0.5)


def _merges(transport: Transport, alias: str) -> int:
    answer = transport.perform_request("GET", f"/{alias}/_stats/merge")
    return int(answer["_all"]["primaries"]["merges"]["current"])
