"""Finding articles through the gateway, on the real search engine: as a client asks."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.end_to_end.http_client import Answer
from tests.end_to_end.system import System

SECONDS = 20.0  # a search sees a write after about one


class Catalogue:
    """Some articles that share a word which no other article has."""

    def __init__(self, system: System) -> None:
        self.system, self.word = system, f"k{uuid4().hex[:12]}"
        self.numbers = [f"07{place}-{self.word}" for place in range(5)]

    def put(self, number: str, **values: str) -> None:
        answer = self.system.api.call("PUT", f"/api/v1/articles/{number}", values)
        assert answer.status in (200, 201), answer.body

    def find(self, query: str = "") -> Answer:
        return self.system.api.call("GET", f"/api/v1/articles?q={self.word}{query}")

    def found(self, query: str = "") -> list[str]:
        answer = self.find(query)
        assert answer.status == 200, answer.body
        return [document["id"] for document in answer.data]

    def until(self, numbers: list[str], query: str = "") -> None:
        """Waits until just these articles are found."""
        deadline = time.monotonic() + SECONDS
        while self.found(query) != numbers:
            assert time.monotonic() < deadline, (query, self.found(query))
            time.sleep(0.2)


@pytest.fixture(scope="module")
def catalogue(system: System) -> Iterator[Catalogue]:
    made = Catalogue(system)
    values: list[dict[str, Any]] = [
        {"F_80000": "BULLET HOLE 30 - 6,1 W - BEAM 45°", "C_75001": "WALL"},
        {"F_80000": "BULLET HOLE 30 - 7,5 W - BEAM 36°", "C_75001": "WALL"},
        {"F_80007": 'Réflecteur Lüster ø30, ½" filet', "C_75001": "CEILING"},
        {"F_3": "BH30-IP20", "F_5": "a b+c&d=e,f"},
        {"F_3": "日本"},
    ]
    for number, each in zip(made.numbers, values, strict=True):
        made.put(number, **each)
    made.until(made.numbers)
    yield made
    for number in made.numbers:
        system.api.call("DELETE", f"/api/v1/articles/{number}")


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("+bullet", [0, 1]),
        (f"%20{quote('6,1 W')}", [0]),
        (f"+{quote('45°')}", [0]),
        (f"+{quote('½')}%22", [2]),
        ("+luester+REFL", [2]),
        (f"+{quote('日')}", [4]),
        ("+h30-ip", [3]),
        ("&C_75001=WALL", [0, 1]),
        ("&C_75001=WALL&C_75001=CEILING", [0, 1, 2]),
        (f"&F_5={quote('a b+c&d=e,f', safe='')}", [3]),
        ("&updated_since=2020-01-01T00:00:00%2B01:00&C_75001=CEILING", [2]),
        ("&updated_since=2100-01-01T00:00:00Z", []),
    ],
)
def test_articles_are_found(catalogue: Catalogue, query: str, places: list[int]) -> None:
    assert catalogue.found(query) == [catalogue.numbers[place] for place in places]


def test_pages_lead_to_the_end(catalogue: Catalogue) -> None:
    seen, cursor = list[str](), ""
    while cursor is not None:
        answer = catalogue.find(f"&limit=2{cursor and f'&cursor={cursor}'}")
        seen += [document["id"] for document in answer.data]
        cursor = answer.json["cursor"]
    assert seen == catalogue.numbers


def test_facets_and_fields(catalogue: Catalogue) -> None:
    answer = catalogue.find("&facets=C_75001&fields=F_3&limit=4")
    assert answer.json["total"] == 5
    assert answer.json["facets"] == {
        "C_75001": {"values": [{"value": "WALL", "count": 2}, {"value": "CEILING", "count": 1}], "others": 0}
    }
    assert answer.data[3] == {"id": catalogue.numbers[3], "F_3": "BH30-IP20"}


def test_what_changes_and_goes_is_found_as_it_is(system: System) -> None:
    catalogue = Catalogue(system)
    number = catalogue.numbers[0]
    catalogue.put(number, C_1="WALL")
    catalogue.until([number], "&C_1=WALL")
    catalogue.put(number, C_1="FLOOR")
    catalogue.until([], "&C_1=WALL")
    catalogue.until([number], "&C_1=FLOOR")
    assert system.api.call("DELETE", f"/api/v1/articles/{number}").status == 200
    catalogue.until([])


def test_a_question_with_faults_is_refused(catalogue: Catalogue) -> None:
    answer = catalogue.find("&limit=0&cursor=x&wanted=1")
    assert answer.status == 422
    assert set(answer.json["errors"]) >= {"limit", "wanted"}
