"""Articles over HTTP: numbers in paths and bodies, values, refusals."""

import json
from urllib.parse import quote

import pytest

from chalicelib.ports.article_store import Article
from tests.doubles.article_store import Fault
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns


def store(services: StandIns, number: str, **values: str) -> None:
    services.article_store.write_many([Article(number, {"id": number, "F_1": number, **values})])


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("12411116", "12411116"),
        ("%2212411116%22", "12411116"),
        ('"12411116"', "12411116"),
        ("%20%2212411116%22%20", "12411116"),
        ("%22%22x%22%22", '"x"'),
        ("007-A.b_c~", "007-A.b_c~"),
        ("50%25", "50%"),
        ("a%2541", "a%41"),
        ("45%C2%B0", "45°"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
    ],
)
def test_a_number_in_the_path_is_decoded_once_and_unquoted_once(
    path: str, number: str, user: Gateway, services: StandIns
) -> None:
    store(services, number)
    answer = user.call("GET", f"/v1/articles/{path}")
    assert (answer.status, answer.json["data"]["id"]) == (200, number)


@pytest.mark.parametrize("path", ["%22%22", "%20", "a%2Fb", "%00", "%FF", "x" * 401, "%C3%A9" * 201])
def test_a_number_that_none_can_have_is_a_422(path: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/articles/{path}")
    assert answer.status == 422
    assert list(answer.json["errors"]) == ["articleNumber"]


def test_an_article_that_is_not_there_is_a_404(user: Gateway) -> None:
    answer = user.call("GET", "/v1/articles/1")
    assert answer.json == {"status": "error", "message": "Article not found: 1", "data": None}
    assert answer.status == 404


def test_text_goes_out_as_it_is_stored(user: Gateway, services: StandIns) -> None:
    store(services, "1", F_3='45° ½" 漢 😀 \u2028')
    answer = user.call("GET", "/v1/articles/1")
    assert '45° ½\\" 漢 😀' in answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["data"]["F_3"] == '45° ½" 漢 😀 \u2028'


def test_deleting_names_the_modern_way(user: Gateway, services: StandIns) -> None:
    store(services, "45°/x".replace("/", "-"))
    answer = user.call("GET", f"/v1/articles/delete/{quote('45°-x')}")
    assert answer.json["data"]["result"] == "deleted"
    assert answer.headers["link"] == '</api/v1/articles/45%C2%B0-x>; rel="successor-version"'
    assert user.call("GET", f"/v1/articles/delete/{quote('45°-x')}").status == 404


def test_an_update_sets_what_is_sent_and_nothing_else(user: Gateway, services: StandIns) -> None:
    store(services, "1", F_3="a", C_5="b")
    sent = {
        "customNumber": 5.5,
        "F_1": ' "1" ',
        "F_*": "x",
        "C_*": "y",
        "foo": [],
        "F_3": 7,
        "F_9": None,
        "C_6": " z ",
    }
    answer = user.call("POST", "/v1/articles/update", sent)
    assert answer.json["data"] == {"id": "1", "F_1": "1", "F_3": "7", "C_5": "b", "F_9": "", "C_6": " z "}


def test_a_copy_onto_an_article_or_itself_is_a_409(user: Gateway, services: StandIns) -> None:
    store(services, "1")
    store(services, "2")
    statuses = [
        user.call("POST", "/v1/articles", {"customNumber": target, "F_1": source}).status
        for source, target in (("1", "2"), ("1", "1"), ("3", "4"), ("1", "5"))
    ]
    assert statuses == [409, 409, 404, 200]


def test_all_faults_are_told_at_once(user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles", {"customNumber": "", "F_3": 1.5, "C_4": {"a": 1}, "F_5": True})
    assert answer.status == 422
    assert list(answer.json["errors"]) == ["customNumber", "F_1", "F_3", "C_4", "F_5"]
    first = answer.json["errors"]["customNumber"][0]
    assert answer.json["message"] == f"{first} (and 4 more errors)"
    assert list(answer.json) == ["status", "message", "data", "errors"]


def test_one_more_error_is_said_in_the_singular(user: Gateway) -> None:
    assert user.call("POST", "/v1/articles", {}).json["message"].endswith(" (and 1 more error)")
    assert "more error" not in user.call("POST", "/v1/articles/update", {}).json["message"]


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.ANSWER_LOST])
def test_a_search_engine_that_is_down_is_a_503_without_detail(
    fault: Fault, user: Gateway, services: StandIns
) -> None:
    services.article_store.plan = lambda call, number: fault
    answer = user.call("GET", "/v1/articles/1")
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert list(answer.json) == ["status", "message", "data"]


def test_writers_who_keep_losing_get_a_409(user: Gateway, services: StandIns) -> None:
    store(services, "1")
    services.article_store.plan = lambda call, number: Fault.BEATEN if call == "write_many" else None
    assert user.call("POST", "/v1/articles/update", {"F_1": "1", "F_3": "x"}).status == 409


def test_a_bug_is_a_500_that_shows_nothing_and_is_logged(user: Gateway, services: StandIns) -> None:
    def break_down(call: str, number: str) -> None:
        raise RuntimeError("the-inner-detail")

    services.article_store.plan = break_down
    answer = user.call("GET", "/v1/articles/1")
    assert answer.status == 500
    assert "the-inner-detail" not in answer.text
    line = services.logger.lines[-1]
    assert (line["error"], line["status"]) == ("RuntimeError", 500)
    assert any("break_down" in frame for frame in line["frames"])


def test_a_call_is_one_line_in_the_log_without_secrets_or_bodies(user: Gateway, services: StandIns) -> None:
    store(services, "1")
    services.logger.lines.clear()
    user.call("POST", "/v1/articles/update", {"F_1": "1", "F_3": "the-value"})
    (line,) = services.logger.lines
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/articles/update", 200)
    assert line["request_id"] == "11111111-2222-3333-4444-555555555555"
    assert line["ms"] >= 0
    secret = str(user.token).split("|")[1]
    assert "the-value" not in json.dumps(line)
    assert secret not in services.log_text()
