"""What the scan of articles makes of answers that a healthy engine does not give."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opensearchpy.exceptions import ConnectionError as Broken
from opensearchpy.exceptions import ConnectionTimeout, NotFoundError, TransportError

from chalicelib.adapters.bounded_connection import AnswerTooLarge
from chalicelib.adapters.opensearch_scan import LEAST_PER_PAGE, OpenSearchScan
from chalicelib.errors import Unavailable
from chalicelib.ports.article_scan import PictureGone, Selection

ALL = Selection()


def hit(number: str) -> dict[str, Any]:
    return {
        "_source": {
            "number": number,
            "deleted": False,
            "updated_at": 1000,
            "schema": 1,
            "document": {"F_1": number},
        }
    }


def page(*numbers: str) -> dict[str, Any]:
    return {"pit_id": "next", "hits": {"hits": [hit(number) for number in numbers]}}


class Scripted:
    """A connection with the answers that it gives; errors are raised. `sizes`: how many articles were asked for."""

    def __init__(self, *answers: Any) -> None:
        self._answers: Iterator[Any] = iter(answers)
        self.sizes: list[int] = []

    def perform_request(self, method: str, url: str, *, body: bytes | None = None) -> Any:
        if body is not None:
            self.sizes.append(json.loads(body).get("size", 0))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def too_large() -> Broken:
    return Broken("N/A", "", AnswerTooLarge())


def test_an_answer_that_is_too_large_is_asked_for_in_smaller_pages_which_grow_again() -> None:
    wire = Scripted(too_large(), too_large(), page("1"), page("2"), page("3"), page("4"))
    scan = OpenSearchScan(wire, "articles", per_page=1000)
    for _ in range(4):
        scan.page("p", ALL, "")
    assert wire.sizes == [1000, 250, 62, 124, 248, 496]


def test_articles_that_are_too_large_one_by_one_are_no_endless_search() -> None:
    wire = Scripted(*[too_large() for _ in range(20)])
    with pytest.raises(Unavailable):
        OpenSearchScan(wire, "articles", per_page=1000).page("p", ALL, "")
    assert wire.sizes[-1] == LEAST_PER_PAGE


def test_a_broken_connection_is_tried_once_more_and_a_slow_one_is_not() -> None:
    scan = OpenSearchScan(Scripted(Broken("N/A", "", OSError()), page("1")), "articles")
    assert [article.number for article in scan.page("p", ALL, "").articles] == ["1"]
    with pytest.raises(Unavailable):
        OpenSearchScan(Scripted(ConnectionTimeout("TIMEOUT", "", OSError()), page("1")), "articles").page(
            "p", ALL, ""
        )


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError(
            404, "search_phase_execution_exception", {"error": {"type": "search_context_missing_exception"}}
        ),
        NotFoundError(404, "index_not_found_exception", {}),
        TransportError(
            503, "search_phase_execution_exception", {"caused_by": "node_not_connected_exception"}
        ),
    ],
)
def test_a_picture_of_what_is_not_there_any_more_is_gone(error: Exception) -> None:
    with pytest.raises(PictureGone):
        OpenSearchScan(Scripted(error), "articles").page("p", ALL, "")


def test_a_picture_that_cannot_be_taken_yet_is_not_one_that_is_gone() -> None:
    leaving = TransportError(503, "search_phase_execution_exception", "node_not_connected_exception")
    with pytest.raises(Unavailable):
        OpenSearchScan(Scripted({"_shards": {"failed": 0}}, leaving), "articles").take()


@pytest.mark.parametrize("answer", [{}, [], {"hits": {"hits": [{}]}}, TransportError(500, "", {})])
def test_what_answers_in_another_form_is_not_the_engine(answer: Any) -> None:
    with pytest.raises(Unavailable):
        OpenSearchScan(Scripted(answer), "articles").page("p", ALL, "")


def test_an_article_of_a_newer_release_is_not_read_wrongly() -> None:
    newer = page("1")
    newer["hits"]["hits"][0]["_source"]["schema"] = 99
    with pytest.raises(Unavailable):
        OpenSearchScan(Scripted(newer), "articles").page("p", ALL, "")


def test_shards_that_are_not_refreshed_make_no_picture() -> None:
    wire = Scripted({"_shards": {"failed": 1}}, {"pit_id": "p", "_shards": {"failed": 0}})
    with pytest.raises(Unavailable):
        OpenSearchScan(wire, "articles").take()
