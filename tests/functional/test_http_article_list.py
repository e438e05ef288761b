"""Lists of articles over HTTP: filters, pages, facets, refusals."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.articles.article_query import query_and_faults
from chalicelib.articles.searching import MOST_FACET_VALUES
from chalicelib.ports.article_store import Article, Hidden
from chalicelib.web.article_list import MOST_FACETS, MOST_FIELDS
from chalicelib.web.cursors import sealed
from chalicelib.web.gateway import HttpApi
from chalicelib.web.paging import ANSWER_BYTES
from tests.documents import DOCUMENTS, fenced
from tests.functional import curl_lines
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import StandIns

LIST = "/v1/articles"
ARTICLES = {
    "12411116": {
        "F_3": "BH30-BM45°",
        "F_80000": "BULLET HOLE 30 - 6,1 W - 45°",
        "C_75001": "CEILING",
        "C_1": "A",
    },
    "12411126": {
        "F_3": "BH30-BM36°",
        "F_80000": "BULLET HOLE 30 - 7,5 W - 36°",
        "C_75001": "WALL",
        "C_1": "A",
        "C_75000": "OUTDOOR",
        "F_80004": "1,00",
    },
    "12411136": {"F_3": 'LU½"', "F_80000": "Réflecteur Lüster", "C_75001": "WALL", "C_1": "B"},
    "500": {"F_3": "", "F_5": "a,b&c=d+e f", "C_75001": "FLOOR"},
}


@pytest.fixture
def stocked(user: Gateway, services: StandIns) -> Gateway:
    """A client of a store with a few articles, the later ones written later, and the mark of one."""
    for at, (number, values) in enumerate(ARTICLES.items()):
        document = {"id": number, "F_1": number, **values}
        services.article_store.write_many(
            [Article(number, document, Hidden(updated_at=1_700_000_000.0 + at))]
        )
    services.article_store.write_many([Article("gone", None, Hidden(updated_at=1_800_000_000.0))])
    return user


def ask(client: Gateway, *query: tuple[str, str], **more: str) -> Answer:
    return client.call("GET", f"{LIST}?{urlencode([*query, *more.items()], quote_via=quote)}")


def numbers(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    return [document["id"] for document in answer.json["data"]]


def test_all_articles_come_in_order_with_a_cursor_that_ends(stocked: Gateway) -> None:
    answer = stocked.call("GET", LIST)
    assert answer.json == {
        "status": "success",
        "message": "Articles found",
        "data": [{"id": number, "F_1": number, **ARTICLES[number]} for number in sorted(ARTICLES)],
        "cursor": None,
    }
    assert list(answer.json["data"][0]) == ["id", "F_1", "F_3", "F_80000", "C_75001", "C_1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=bullet", ["12411116", "12411126"]),
        ("q=bull%206,1%20W", ["12411116"]),
        ("q=6.1+W", ["12411116"]),
        ("q=36%C2%B0", ["12411126"]),
        ("q=%C2%BD%22", ["12411136"]),
        ("q=luester+REFL", ["12411136"]),
        ("q=1112", ["12411126"]),
        ("q=h30-bm4", ["12411116"]),
        ("q=", sorted(ARTICLES)),
        ("C_75001=WALL", ["12411126", "12411136"]),
        ("C_75001=WALL&C_75001=CEILING&C_1=A", ["12411116", "12411126"]),
        ("F_3=", ["500"]),
        ("F_5=a%2Cb%26c%3Dd%2Be%20f", ["500"]),
        ("F_1=%2212411116%22&F_1=500", ["12411116", "500"]),
        ("updated_since=2023-11-14T22:13:22Z", ["12411136", "500"]),
        ("updated_since=2023-11-14T23:13:22.0001%2B01:00&q=lu", ["12411136"]),
        ("q=bullet&C_75001=FLOOR", []),
    ],
)
def test_filters_find_what_meets_all_of_them(stocked: Gateway, query: str, found: list[str]) -> None:
    assert numbers(stocked.call("GET", f"{LIST}?{query}")) == found


def test_fields_pick_keys_out_and_id_always_comes(stocked: Gateway) -> None:
    answer = ask(stocked, fields="C_1, F_3,F_99", q="bm45")
    assert answer.json["data"] == [{"id": "12411116", "F_3": "BH30-BM45°", "C_1": "A"}]


def test_facets_are_counted_beside_the_total_of_all_pages(stocked: Gateway) -> None:
    answer = ask(stocked, facets="C_75001,C_1", C_75001="WALL", limit="1")
    assert len(answer.json["data"]) == 1
    assert answer.json["total"] == 2
    assert list(answer.json) == ["status", "message", "data", "cursor", "total", "facets"]
    assert answer.json["facets"] == {
        "C_75001": {
            "values": [
                {"value": "WALL", "count": 2},
                {"value": "CEILING", "count": 1},
                {"value": "FLOOR", "count": 1},
            ],
            "others": 0,
        },
        "C_1": {"values": [{"value": "A", "count": 1}, {"value": "B", "count": 1}], "others": 0},
    }


def test_without_facets_nothing_is_counted(stocked: Gateway, services: StandIns) -> None:
    assert "facets" not in stocked.call("GET", LIST).json
    assert services.article_search.calls == {"find": 1, "read": 1}


def test_cursors_lead_through_all_pages_at_the_same_cost(stocked: Gateway, services: StandIns) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        services.article_search.calls.clear()
        answer = ask(stocked, limit="1", cursor=cursor)
        seen += numbers(answer)
        cursor = answer.json["cursor"]
        assert services.article_search.calls == {"find": 1, "read": 1}
    assert seen == sorted(ARTICLES)


def test_a_cursor_goes_on_with_another_limit_and_other_fields(stocked: Gateway) -> None:
    cursor = ask(stocked, q="bullet", limit="1").json["cursor"]
    again = ask(stocked, q="bullet", cursor=cursor, fields="F_3", facets="C_1")
    assert again.json["data"] == [{"id": "12411126", "F_3": "BH30-BM36°"}]


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"q": "hole"},
        {"q": "bullet", "C_1": "A"},
        {"q": "bullet", "updated_since": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_cursor_of_other_filters_is_refused(stocked: Gateway, other: dict[str, str]) -> None:
    cursor = ask(stocked, q="bullet", limit="1").json["cursor"]
    answer = ask(stocked, cursor=cursor, **other)
    assert answer.status == 422
    assert list(answer.json["errors"]) == ["cursor"]


def test_a_cursor_that_was_changed_is_refused_wherever(stocked: Gateway) -> None:
    cursor = ask(stocked, limit="1").json["cursor"]
    changed = {
        cursor[:place] + other + cursor[place + 1 :] for place in range(0, len(cursor), 3) for other in "Ab"
    } - {cursor}
    for each in [*changed, cursor[:-1], cursor + "A", cursor + "=", "x", "🔦", "A" * 9000]:
        assert ask(stocked, cursor=each).status == 422, each


@pytest.mark.parametrize("place", ["\ud800", "\x00", "x" * 401, "a/b", ""])
def test_a_cursor_that_somebody_made_up_is_refused(place: str, stocked: Gateway) -> None:
    answer = ask(stocked, cursor=sealed(place, "articles", "{}"))
    assert (answer.status, list(answer.json["errors"])) == (422, ["cursor"])


def test_half_of_a_surrogate_pair_is_no_word() -> None:
    assert query_and_faults({"q": "a \ud800"})[1] == {
        "q": ["The q field holds half of a surrogate pair, which is no character."]
    }


def test_large_facets_leave_the_page_less_room(user: Gateway, services: StandIns) -> None:
    keys = [f"C_{key}" for key in range(MOST_FACETS)]
    for number in range(MOST_FACET_VALUES):
        long = {key: f"{number:03}".ljust(256, "\x01") for key in keys}  # each character six bytes of JSON
        document = {"id": str(number), "F_1": str(number), **long, "F_5": "x" * 30_000}
        services.article_store.write_many([Article(str(number), document)])
    answer = ask(user, facets=",".join(keys), limit="500")
    assert answer.status == 200
    assert len(answer.json["facets"]["C_9"]["values"]) == MOST_FACET_VALUES
    assert len(answer.text.encode()) <= ANSWER_BYTES
    assert answer.json["cursor"] is not None


def test_all_faults_are_told_at_once(stocked: Gateway) -> None:
    query = (
        *(("q", "-"), ("limit", "501"), ("updated_since", "x"), ("fields", "F_3,,id"), ("facets", "F_3")),
        *(("page", "2"), ("F_*", "x"), ("f_3", "x"), ("limit", "1"), ("F_3", "x")),
    )
    answer = ask(stocked, *query)
    assert answer.status == 422
    assert answer.json["message"].endswith("(and 7 more errors)")
    assert set(answer.json["errors"]) == {
        *("q", "limit", "updated_since", "fields", "facets", "page", "F_*", "f_3"),
    }
    assert answer.json["errors"]["limit"] == ["The limit field may be given once."]


def test_counts_of_what_is_asked_for_are_bounded(stocked: Gateway) -> None:
    def keys(kind: str, count: int) -> str:
        return ",".join(f"{kind}_{key}" for key in range(count))

    assert ask(stocked, fields=keys("F", MOST_FIELDS), facets=keys("C", MOST_FACETS)).status == 200
    refused = ask(stocked, fields=keys("F", MOST_FIELDS + 1), facets=keys("C", MOST_FACETS + 1))
    assert list(refused.json["errors"]) == ["fields", "facets"]
    assert ask(stocked, facets="C_" + "1" * 39).status == 422
    for limit in ("0", "-1", "1.5", "", "٣"):
        assert list(ask(stocked, limit=limit).json["errors"]) == ["limit"]


def test_nobody_lists_without_a_token(anyone: Gateway) -> None:
    assert anyone.call("GET", LIST).status == 401


def test_an_outage_is_a_503(stocked: Gateway, services: StandIns) -> None:
    services.article_search.is_down = True
    assert stocked.call("GET", LIST).status == 503


def test_head_is_answered_and_other_methods_are_not(stocked: Gateway) -> None:
    assert stocked.call("HEAD", LIST).status == 200
    assert stocked.call("PUT", LIST).status == 405


_NAMES = st.sampled_from(
    ("q", "F_1", "F_3", "C_1", "F_", "updated_since", "cursor", "limit", "fields", "facets", "id")
) | st.text(max_size=6)
_VALUES = st.text(max_size=20) | st.sampled_from(
    (
        "",
        "1",
        "-",
        "2026-11-22T05:16:35Z",
        "0001-01-01T00:00:00+23:59",
        "C_1",
        "F_3,C_1",
        "½",
        "\x00",
        "a" * 600,
    )
)


def _client() -> Iterator[Any]:
    services = StandIns()
    gateway = Gateway(HttpApi("lightrail", services))
    gateway.token = services.token("user@example.org")
    for number, values in ARTICLES.items():
        services.article_store.write_many([Article(number, {"id": number, "F_1": number, **values})])
    while True:
        yield gateway


_CLIENTS = _client()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=5))
def test_no_query_is_a_bug(query: list[tuple[str, str]]) -> None:
    encoded = "&".join(f"{quote(n, errors='replace')}={quote(v, errors='replace')}" for n, v in query)
    answer = next(_CLIENTS).call("GET", f"{LIST}?{encoded}")
    assert answer.status in (200, 422)


def test_the_examples_of_the_document_find_what_they_say(stocked: Gateway) -> None:
    document = next(path for path in DOCUMENTS if path.name == "searching.md")
    (block,) = fenced(document, "sh")
    commands = list(curl_lines.read(block, {"TOKEN": "1|x"}))
    answers = [stocked.call(each.method, each.url.removeprefix("https://host/api")) for each in commands]
    assert [numbers(answer) for answer in answers] == [sorted(ARTICLES), ["12411116"], ["12411126"], []]
    assert answers[2].json["data"] == [{"id": "12411126", "F_3": "BH30-BM36°", "F_80004": "1,00"}]
    assert answers[3].json["facets"].keys() == {"C_75000", "C_75001"}
