"""How many calls of DynamoDB and OpenSearch a request on statements costs; docs/performance.md repeats the figures.

Counted on the ports of a process that has seen the learners and activities before. A call of a port named here is one
request to its service, but for a `search` of the oldest of many, as their descriptions say.
"""

from typing import Any

import pytest

from tests.doubles.faults import Faults, Faulty
from tests.functional.lrs_client import statement
from tests.functional.lrs_site import Site

STATEMENTS = "/lrs/ada/stores/north/xapi/statements"
PORTS = ("access_store", "record_clock", "statement_store", "registry_store")


class Counted:
    """A client of a store, and the calls that its requests cost."""

    def __init__(self) -> None:
        self._site = Site()
        self._site.client("ada")
        self._seen = Faults()
        world = self._site.world
        for name in PORTS:
            # before the services are made on them
            world.__dict__[name] = Faulty(getattr(world, name), name, self._seen)
        self._site.world.guard._store = Faulty(world.stored.access_store, "access_store", self._seen)

    def calls(self, method: str, query: str = "", body: object = None) -> list[str]:
        """The calls of one request, which must succeed."""
        self._seen.seen.clear()
        json = {"Content-Type": "application/json"}
        answer = self._site.call(method, f"{STATEMENTS}{query}", "ada", body, **json)
        assert answer.status in (200, 204), answer.text
        return list(self._seen.seen)


@pytest.fixture
def counted() -> Counted:
    made = Counted()
    made.calls("POST", body=batch(1))
    return made


def batch(size: int, first: int | None = None) -> list[dict[str, Any]]:
    return [statement(None if first is None else first + number) for number in range(size)]


@pytest.mark.parametrize("size", [1, 100])
def test_statements_whose_parts_are_known_cost_three_calls_of_dynamodb_and_one_of_opensearch(
    counted: Counted, size: int
) -> None:
    assert counted.calls("POST", body=batch(size)) == [
        "access_store.read",
        "record_clock.register",
        "statement_store.create",
        "record_clock.finish",
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_with_ids_of_the_client_it_is_asked_whether_another_named_them_before(
    counted: Counted, size: int
) -> None:
    calls = counted.calls("POST", body=batch(size, first=1))
    assert calls.count("statement_store.get_marks") == 1
    assert len(calls) == 5


def test_what_is_new_costs_a_commit_and_one_write_however_much_it_is(counted: Counted) -> None:
    new = [
        statement(actor={"mbox": f"mailto:{n}@example.com"}, object={"id": f"http://e.com/{n}"})
        for n in range(100)
    ]
    assert counted.calls("POST", body=new) == [
        "access_store.read",
        "record_clock.register",
        "statement_store.create",
        "record_clock.commit",
        "registry_store.write",
        "record_clock.finish",
    ]


def test_the_first_page_of_a_query_refreshes_where_something_was_recorded_since(counted: Counted) -> None:
    page = ["access_store.read", "record_clock.raise_to", "statement_store.search"]
    assert counted.calls("GET", "?limit=10") == [*page[:2], "statement_store.refresh", *page[2:]]
    assert counted.calls("GET", "?limit=10&verb=http://example.org/did") == page


def test_another_page_costs_a_look_at_the_clock_and_a_search(counted: Counted) -> None:
    counted.calls("POST", body=batch(5))
    first = counted.calls("GET", "?limit=2")
    assert first.count("statement_store.search") == 1
    assert counted.calls("GET", "?limit=2&cursor=9999999999999999-9999999999999999") == [
        "access_store.read",
        "record_clock.read",
        "statement_store.search",
    ]


def test_one_statement_costs_a_look_at_the_clock_and_one_read(counted: Counted) -> None:
    counted.calls("POST", body=batch(1, first=7))
    calls = counted.calls("GET", "?statementId=00000000-0000-4000-8000-000000000007")
    # The last for X-Experience-API-Consistent-Through.
    assert calls == [
        "access_store.read",
        "record_clock.read",
        "statement_store.get_many",
        "record_clock.raise_to",
    ]
