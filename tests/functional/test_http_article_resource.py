"""Articles under their own address: PUT, PATCH, DELETE, and what entity tags allow and refuse."""

from urllib.parse import quote

import pytest

from chalicelib.ports.article_store import Article, Document, Hidden
from tests.doubles.article_store import Fault
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import StandIns

HERE = "/v1/articles/1"


def store(services: StandIns, number: str = "1", **values: str) -> None:
    services.article_store.write_many([Article(number, {"id": number, "F_1": number, **values})])


def etag_of(client: Gateway, target: str = HERE) -> str:
    return client.call("GET", target).headers["etag"]


def shown(client: Gateway, target: str = HERE) -> Document:
    found: Document = client.call("GET", target).json["data"]
    return found


def test_a_put_creates_an_article_under_its_address(user: Gateway) -> None:
    answer = user.call("PUT", HERE, {"F_3": ' 45° ½" ', "F_9": None, "C_5": 7, "F_*": "x", "foo": []})
    article = {"id": "1", "F_1": "1", "F_3": ' 45° ½" ', "F_9": "", "C_5": "7"}
    assert (answer.status, answer.json["message"], answer.json["data"]) == (201, "Article created", article)
    assert answer.headers["content-location"] == "/api/v1/articles/1"
    assert shown(user) == article
    assert etag_of(user) == answer.headers["etag"]


def test_a_put_replaces_the_whole_article(user: Gateway, services: StandIns) -> None:
    store(services, F_3="old", C_5="gone")
    before = etag_of(user)
    answer = user.call("PUT", HERE, {"id": '"1"', "F_1": 1, "F_3": "new"})
    article = {"id": "1", "F_1": "1", "F_3": "new"}
    assert (answer.status, answer.json["message"], answer.json["data"]) == (200, "Article replaced", article)
    assert shown(user) == article
    assert answer.headers["etag"] == etag_of(user) != before


def test_a_patch_sets_what_is_sent_and_nothing_else(user: Gateway, services: StandIns) -> None:
    store(services, F_3="a", C_5="b", F_7="c")
    answer = user.call("PATCH", HERE, {"F_1": ' "1" ', "F_3": 7, "F_9": None})
    article = {"id": "1", "F_1": "1", "F_3": "7", "C_5": "b", "F_7": "c", "F_9": ""}
    assert (answer.status, answer.json["message"], answer.json["data"]) == (200, "Article updated", article)
    assert shown(user) == article
    assert answer.headers["etag"] == etag_of(user)


@pytest.mark.parametrize(
    "kind", ["application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8"]
)
def test_a_merge_patch_drops_what_is_null(kind: str, user: Gateway, services: StandIns) -> None:
    store(services, F_3="a", C_5="b")
    answer = user.call("PATCH", HERE, {"F_3": None, "F_4": None, "C_5": "c"}, {"Content-Type": kind})
    assert answer.json["data"] == {"id": "1", "F_1": "1", "C_5": "c"}


def test_a_patch_of_nothing_leaves_the_article(user: Gateway, services: StandIns) -> None:
    store(services, F_3="a")
    assert user.call("PATCH", HERE, {}).json["data"] == {"id": "1", "F_1": "1", "F_3": "a"}


def test_a_delete_takes_the_article_away(user: Gateway, services: StandIns) -> None:
    store(services)
    answer = user.call("DELETE", HERE)
    assert (answer.status, answer.json) == (
        200,
        {"status": "success", "message": "Article deleted", "data": None},
    )
    assert user.call("GET", HERE).status == 404
    assert user.call("DELETE", HERE).status == 404


def test_what_is_not_there_cannot_be_patched_or_deleted_and_is_not_made(user: Gateway) -> None:
    for headers in ({}, {"If-Match": "*"}, {"If-Match": '"1-2"'}):
        for method, body in (("PATCH", {"F_3": "a"}), ("DELETE", None)):
            answer = user.call(method, HERE, body, headers)
            assert (answer.status, answer.json["message"]) == (404, "Article not found: 1")
    assert user.call("GET", HERE).status == 404


def test_what_a_client_does_not_see_outlives_a_replacement_and_a_deletion(
    user: Gateway, services: StandIns
) -> None:
    store(services)
    for method, body in (("PUT", {"F_3": "a"}), ("PATCH", {"F_3": "b"}), ("DELETE", None), ("PUT", {})):
        before = services.article_store.stored("1")
        assert user.call(method, HERE, body).status in (200, 201)
        after = services.article_store.stored("1")
        assert before is not None
        assert after is not None
        assert after.hidden.write_ids[1:] == before.hidden.write_ids
        assert after.hidden.applied == before.hidden.applied
    assert services.article_store.document("1") == {"id": "1", "F_1": "1"}


def test_all_faults_are_told_at_once_and_nothing_is_done(user: Gateway, services: StandIns) -> None:
    body = {"id": "2", "F_1": None, "F_3": 1.5, "C_4": {"a": 1}, "F_5": True}
    for method in ("PUT", "PATCH"):
        answer = user.call(method, "/v1/articles/a%2Fb", body)
        assert answer.status == 422
        assert list(answer.json["errors"]) == ["articleNumber", "F_1", "F_3", "C_4", "F_5"]
        answer = user.call(method, HERE, body)
        assert list(answer.json["errors"]) == ["id", "F_1", "F_3", "C_4", "F_5"]
        assert answer.json["errors"]["id"] == [
            "The id field must be the article number in the path, or be left out."
        ]
    assert services.article_store.calls == {}


@pytest.mark.parametrize("field", ["id", "F_1"])
@pytest.mark.parametrize("value", ["2", "01", '""1""', "", None, 2, 1.0, ["1"]])
def test_a_number_in_the_body_is_that_of_the_path(field: str, value: object, user: Gateway) -> None:
    answer = user.call("PUT", HERE, {field: value})
    assert (answer.status, list(answer.json["errors"])) == (422, [field])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_body_that_was_forgotten_changes_nothing(method: str, user: Gateway, services: StandIns) -> None:
    store(services, F_3="a")
    for body in (None, b"", b"  "):
        answer = user.call(method, HERE, body)
        assert (answer.status, list(answer.json["errors"])) == (422, ["body"])
    assert shown(user)["F_3"] == "a"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b'{"F_3": "a", "F_3": "b"}', {}, 400),
        (b"[]", {}, 422),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"x" * 4_500_001, {}, 413),
    ],
)
def test_a_body_that_is_none_is_refused(
    body: bytes, headers: dict[str, str], status: int, user: Gateway
) -> None:
    assert {user.call(method, HERE, body, headers).status for method in ("PUT", "PATCH")} == {status}


def test_an_article_that_would_be_too_large_is_refused(user: Gateway) -> None:
    large = {f"F_{key}": "x" * 32_000 for key in range(2, 9)}
    assert list(user.call("PUT", HERE, large).json["errors"]) == ["article"]
    assert user.call("GET", HERE).status == 404


# Conditions


def send(client: Gateway, method: str, headers: dict[str, str]) -> Answer:
    return client.call(method, HERE, None if method in ("DELETE", "GET") else {"F_3": "new"}, headers)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_change_may_demand_the_version_that_was_read(
    method: str, user: Gateway, services: StandIns
) -> None:
    store(services, F_3="a")
    read = etag_of(user)
    user.call("PATCH", HERE, {"F_4": "somebody else's"})
    refused = send(user, method, {"If-Match": read})
    assert refused.status == 412
    assert f"the article has the ETag {etag_of(user)}" in refused.json["message"]
    assert list(refused.json) == ["status", "message", "data"]
    assert shown(user)["F_4"] == "somebody else's"
    assert send(user, method, {"If-Match": etag_of(user)}).status == 200


@pytest.mark.parametrize(
    ("headers", "there", "absent"),
    [
        ({"If-Match": "*"}, 200, 412),
        ({"If-None-Match": "*"}, 412, 201),
        ({"If-Match": '"x", {etag}'}, 200, 412),
        ({"If-Match": ',, {etag} ,"x" ,'}, 200, 412),
        ({"If-Match": "W/{etag}"}, 412, 412),
        ({"If-Match": '"x", "*"'}, 412, 412),
        ({"If-None-Match": "W/{etag}"}, 412, 201),
        ({"If-None-Match": '"x",{etag}'}, 412, 201),
        ({"If-None-Match": '"x", W/"y"'}, 200, 201),
        ({"If-Match": "{etag}", "If-None-Match": '"x"'}, 200, 412),
        ({"If-Match": "{etag}", "If-None-Match": "*"}, 412, 412),
        ({"IF-MATCH": " * "}, 200, 412),
    ],
)
def test_conditions_of_a_put(
    headers: dict[str, str], there: int, absent: int, user: Gateway, services: StandIns
) -> None:
    assert (
        send(user, "PUT", {name: text.replace("{etag}", '"1-0"') for name, text in headers.items()}).status
        == absent
    )
    user.call("DELETE", HERE)
    user.call("PUT", HERE, {"F_3": "a"})
    sent = {name: text.replace("{etag}", etag_of(user)) for name, text in headers.items()}
    assert send(user, "PUT", sent).status == there


def test_a_mark_of_a_deleted_article_is_no_article(user: Gateway, services: StandIns) -> None:
    store(services)
    read = etag_of(user)
    user.call("DELETE", HERE)
    assert send(user, "PUT", {"If-Match": read}).status == 412
    assert send(user, "PUT", {"If-Match": "*"}).status == 412
    created = send(user, "PUT", {"If-None-Match": "*"})
    assert created.status == 201
    assert created.headers["etag"] != read


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize(
    "value", ["", "1-0", '"1-0', '"1-0" "2"', 'w/"1-0"', '*, "1-0"', "'1-0'", '"a b"', ","]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_condition_that_cannot_be_read_is_a_400_and_changes_nothing(
    method: str, value: str, header: str, user: Gateway, services: StandIns
) -> None:
    store(services)
    before = etag_of(user)
    answer = send(user, method, {header: value})
    assert (answer.status, header in answer.json["message"]) == (400, True)
    assert etag_of(user) == before


def test_a_condition_in_two_lines_is_one_list(user: Gateway, services: StandIns) -> None:
    store(services)
    event = {"If-None-Match": [etag_of(user), '"x"']}
    answer = user.call("GET", HERE, lines=event)
    assert answer.status == 304


def test_a_reader_who_has_the_article_is_sent_no_body(user: Gateway, services: StandIns) -> None:
    store(services, F_3="a")
    read = etag_of(user)
    for known in (read, f"W/{read}", "*", f'"x", {read}'):
        answer = user.call("GET", HERE, headers={"If-None-Match": known})
        assert (answer.status, answer.text, answer.headers["etag"]) == (304, "", read)
        assert answer.headers["cache-control"] == "no-cache, private"
    user.call("PATCH", HERE, {"F_3": "b"})
    answer = user.call("GET", HERE, headers={"If-None-Match": read})
    assert (answer.status, answer.json["data"]["F_3"]) == (200, "b")
    assert user.call("GET", HERE, headers={"If-Match": read}).status == 412
    assert user.call("HEAD", HERE).headers["etag"] == etag_of(user)


def test_a_browser_may_send_conditions_and_read_tags(anyone: Gateway) -> None:
    answer = anyone.call("OPTIONS", HERE, headers={"Origin": "https://shop.example"})
    assert {"If-Match", "If-None-Match"} <= set(answer.headers["access-control-allow-headers"].split(", "))
    refused = anyone.call("PUT", HERE, {}, {"Origin": "https://shop.example"})
    assert {"ETag", "Content-Location"} <= set(refused.headers["access-control-expose-headers"].split(", "))


def test_an_article_whose_number_is_a_word_of_a_path_is_reached_in_quotes(user: Gateway) -> None:
    assert user.call("PUT", "/v1/articles/update", {}).status == 405
    assert user.call("PUT", "/v1/articles/%22update%22", {"F_1": "update"}).status == 201
    assert shown(user, "/v1/articles/%22update%22") == {"id": "update", "F_1": "update"}


@pytest.mark.parametrize(
    "number",
    ["1", "45°", '"', '"quoted"', '""', " spaced ", "update", "delta-update", ".", "..", "a%2Fb", "😀?#"],
)
def test_an_address_in_an_answer_leads_back_to_the_article(number: str, user: Gateway) -> None:
    quoted = quote(f'"{number}"', safe="")
    created = user.call("PUT", f"/v1/articles/{quoted}", {"F_3": number})
    address = created.headers["content-location"].removeprefix("/api")
    assert not set(address.split("/")) & {".", ".."}  # clients resolve these before they send
    assert shown(user, address) == {"id": number, "F_1": number, "F_3": number}
    deleted = user.call("GET", f"/v1/articles/delete/{quoted}")
    assert deleted.headers["link"] == f'</api{address}>; rel="successor-version"'


# Races and faults


def test_who_is_overtaken_after_the_check_is_told_412_and_not_409(user: Gateway, services: StandIns) -> None:
    store(services)
    for method in ("PUT", "PATCH", "DELETE"):
        read = etag_of(user)
        services.article_store.plan = once(Fault.BEATEN)
        assert send(user, method, {"If-Match": read}).status == 412


def once(fault: Fault):
    """The next write goes wrong, no other does."""
    left = [fault]

    def plan(call: str, number: str) -> Fault | None:
        return left.pop() if call == "write_many" and left else None

    return plan


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.LATE, Fault.DOWN])
@pytest.mark.parametrize(
    ("method", "there", "headers", "status"),
    [
        ("PUT", False, {"If-None-Match": "*"}, 201),
        ("PUT", True, {"If-Match": "{etag}"}, 200),
        ("PATCH", True, {"If-Match": "{etag}"}, 200),
        ("DELETE", True, {"If-Match": "{etag}"}, 200),
    ],
)
def test_a_write_whose_answer_is_lost_does_not_fail_its_own_condition(
    fault: Fault,
    method: str,
    there: bool,
    headers: dict[str, str],
    status: int,
    user: Gateway,
    services: StandIns,
) -> None:
    if there:
        store(services)
    sent = {name: text.replace("{etag}", etag_of(user) if there else "") for name, text in headers.items()}
    services.article_store.plan = once(fault)
    answer = send(user, method, sent)
    assert answer.status == status
    if method != "DELETE":
        assert answer.headers["etag"] == etag_of(user)
        assert answer.json["data"] == shown(user)


def test_no_tag_is_given_for_what_somebody_changed_before_it_could_be_told(
    user: Gateway, services: StandIns
) -> None:
    store(services)

    def plan(call: str, number: str) -> Fault | None:
        if call != "write_many":
            return None
        services.article_store.plan = overtake
        return Fault.ANSWER_LOST

    def overtake(call: str, number: str) -> None:
        services.article_store.plan = lambda call, number: None
        stored = services.article_store.stored("1")
        assert stored is not None
        assert stored.document is not None
        changed = Article("1", {**stored.document, "F_9": "other"}, stored.hidden, stored.version)
        services.article_store.write_many([changed])

    services.article_store.plan = plan
    answer = user.call("PATCH", HERE, {"F_3": "mine"})
    assert (answer.status, answer.json["data"]["F_3"]) == (200, "mine")
    assert "etag" not in answer.headers
    assert shown(user) == {"id": "1", "F_1": "1", "F_3": "mine", "F_9": "other"}


def test_hidden_fields_of_a_delta_file_are_kept(user: Gateway, services: StandIns) -> None:
    hidden = Hidden(None, ("w-old",), 5.0, "file:3")
    services.article_store.write_many([Article("1", {"id": "1", "F_1": "1"}, hidden)])
    user.call("PUT", HERE, {"F_3": "a"})
    stored = services.article_store.stored("1")
    assert stored is not None
    assert stored.hidden.write_ids[1:] == ("w-old",)
    assert stored.hidden.source == "api"
