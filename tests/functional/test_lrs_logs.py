"""The Logging API: what the operator of a record store reads, and that a log never gets in the way."""

from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.lrs.logs.service import LONGEST_MESSAGE
from chalicelib.ports.logs import LEVELS
from tests.functional.gateway import Answer
from tests.functional.lrs_site import Site

LOGS = "/lrs/operator/logs"


@pytest.fixture
def site() -> Site:
    site = Site()
    site.client("operator")
    return site


def get(site: Site, user: str = "operator", **query: Any) -> Answer:
    pairs = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return site.call("GET", f"/lrs/{user}/logs?{pairs}", user)


def messages(site: Site, **query: Any) -> list[str]:
    answer = get(site, **query)
    assert answer.status == 200, answer.text
    return [each["message"] for each in answer.json["data"]]


def write_one_of_each_level(site: Site) -> None:
    for level, name in enumerate(LEVELS):
        kind: Any = "xapi" if level % 2 else "console"
        site.world.logs.write(kind, level, name, store="north" if level < 6 else "south", client="operator")


def test_an_entry_says_what_happened_where_and_when(site: Site) -> None:
    site.world.logs.write("xapi", 3, "refused", store="north", client="operator", details={"status": "409"})
    (entry,) = get(site).json["data"]
    assert entry.pop("id")
    assert entry.pop("created_at").endswith("Z")
    assert entry == {
        "type": "xapi",
        "level": 3,
        "level_name": "warning",
        "message": "refused",
        "store": "north",
        "client": "operator",
        "details": {"status": "409"},
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, LEVELS[::-1]),
        ({"min_level": 5}, ("emergency", "alert", "critical")),
        ({"min_level": "alert"}, ("emergency", "alert")),
        ({"levels": "0,4"}, ("error", "debug")),
        ({"levels": "info, 7", "min_level": 2}, ("emergency",)),
        ({"levels": "0", "min_level": 2}, ()),
        ({"types": "console"}, ("alert", "error", "notice", "debug")),
        ({"types": "console,xapi", "store": "south"}, ("emergency", "alert")),
        ({"types": "access"}, ()),
        ({"store": "nowhere"}, ()),
        ({"limit": 2}, ("emergency", "alert")),
    ],
)
def test_entries_are_found_by_type_level_and_store(
    site: Site, query: dict[str, Any], expected: tuple[str, ...]
) -> None:
    write_one_of_each_level(site)
    assert messages(site, **query) == list(expected)


def test_pages_go_on_where_the_last_one_ended(site: Site) -> None:
    write_one_of_each_level(site)
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = get(site, limit=3, **cursor).json
        found += [each["message"] for each in answer["data"]]
        if answer["cursor"] is None:
            break
        cursor = {"cursor": answer["cursor"]}
        site.world.clock.advance(1)
        site.world.logs.write("xapi", 1, "meanwhile")
    assert found == list(LEVELS[::-1])


@pytest.mark.parametrize(
    "query",
    [
        {"types": "nothing"},
        {"levels": "8"},
        {"min_level": "-1"},
        {"levels": ""},
        {"limit": 0},
        {"cursor": "x"},
        {"level": 1},
    ],
)
def test_what_is_wrong_is_said(site: Site, query: dict[str, Any]) -> None:
    answer = get(site, **query)
    assert answer.status == 422
    assert list(answer.json["errors"]) == list(query)


def test_only_who_may_reads_the_log(site: Site) -> None:
    site.client("author", permissions=("xapi/all", "data/all", "access/all"))
    assert get(site, user="author").status == 403


def test_a_setting_takes_the_api_away() -> None:
    site = Site(LOGGING_API="false")
    site.client("operator")
    assert get(site).status == 404


def test_a_log_that_is_away_fails_nothing_but_its_reading(site: Site) -> None:
    site.world.stored.log_store.down = True
    agents = [[{"mbox": "mailto:a@example.com"}, {"mbox": "mailto:b@example.com"}]]
    assert site.call("POST", "/lrs/operator/stores/north/data/persons", "operator", agents).status == 200
    assert site.world.failures
    assert get(site).status == 503


def test_a_long_message_is_cut(site: Site) -> None:
    site.world.logs.write("xapi", 99, "x" * 10_000, details={str(n): "y" * 10_000 for n in range(1000)})
    (entry,) = get(site).json["data"]
    assert entry["message"] == "x" * LONGEST_MESSAGE + "…"
    assert entry["level"] == 7
    assert len(str(entry)) < 10_000


def test_clearing_takes_levels_up_to_a_time_page_by_page(site: Site) -> None:
    logs, clock = site.world.logs, site.world.clock
    for number in range(4):
        logs.write("xapi", number, f"early {number}", store="north")
    cutoff = int(clock.now() * 1_000_000)
    clock.advance(1)
    logs.write("xapi", 0, "late", store="north")
    logs.write("xapi", 0, "other", store="south")
    assert len(logs.clear((0, 1, 2), cutoff, "north").entries) == 3
    assert logs.clear((0, 1, 2), cutoff, None).entries == ()
    assert messages(site) == ["other", "late", "early 3"]
