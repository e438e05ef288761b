"""Lists of jobs: filters, pages, how large they are."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.job_type_path import job_types_in
from tests.functional.job_calls import (
    EVERYWHERE,
    call,
    made,
)
from tests.functional.job_rows import site_of_jobs
from tests.functional.lrs_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with job_types_in():
        yield site_of_jobs()


def test_a_list_is_filtered_by_store_and_service_in_both_forms(site: Site) -> None:
    made(site, {**EVERYWHERE, "service": "all"})
    for query, count in (
        ("store=north", 6),
        ("filters[store]=north", 6),
        ("service=agents", 2),
        ("filters[service]=agents&store=south", 1),
        ("store=nowhere", 0),
    ):
        data = call(site, "GET", f"counting?{query}").json["data"]
        assert len(data) == count
        assert all(job["store"] == "north" for job in data) or "north" not in query


def test_pages_follow_one_another_in_order(site: Site) -> None:
    made(site, {**EVERYWHERE, "service": "all"})
    everything = call(site, "GET", "counting").json["data"]
    for filters, wanted in (("", everything), ("&store=south", everything[6:])):
        seen: list[Any] = []
        cursor: Any = ""
        while cursor is not None:
            page = call(site, "GET", f"counting?limit=5{filters}{cursor and f'&cursor={cursor}'}").json
            assert len(page["data"]) <= 5
            seen += page["data"]
            cursor = page["cursor"]
        assert seen == wanted


def test_a_page_is_no_larger_than_an_answer_may_be_and_the_next_goes_on_behind_it() -> None:
    """Each of these jobs keeps an agent of ten thousand characters, until it has run."""
    site = site_of_jobs()
    agent = {"mbox": "mailto:ann@example.org", "name": "n" * 9_900}
    body = {"repeat": "on", "date": "2030-01-01", "agent": agent, "person": False, "store": "north"}
    made_ids = [str(made(site, body, "agent-deletion")["id"]) for _ in range(450)]
    found: list[str] = []
    cursor, pages = "", 0
    while True:
        answer = call(site, "GET", f"agent-deletion?limit=500{cursor}")
        assert len(answer.text.encode()) < 4_000_000
        found += [job["id"] for job in answer.json["data"]]
        pages += 1
        if answer.json["cursor"] is None:
            break
        cursor = f"&cursor={answer.json['cursor']}"
    assert (found, pages > 1) == (sorted(made_ids), True)


def test_a_list_with_filters_reads_so_many_jobs_and_then_answers(site: Site) -> None:
    for _ in range(12):
        made(site)
    page = call(site, "GET", "counting?store=south&limit=1").json
    assert page["data"] == []
    assert page["cursor"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=%20",
        "cursor=AAAA",
        "store=a&filters[store]=b",
        "Store=a",
        "x=1",
    ],
)
def test_what_a_list_does_not_take_is_told(query: str, site: Site) -> None:
    answer = call(site, "GET", f"counting?{query}")
    assert (answer.status, len(answer.json["errors"])) == (422, 1)
