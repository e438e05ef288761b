"""POST calls that are sent again under an Idempotency-Key."""

import json
from collections.abc import Mapping

import pytest

from chalicelib.errors import WriteConflict
from chalicelib.idempotency import KEPT_SECONDS, LEASE_SECONDS
from chalicelib.ports.article_store import Article
from chalicelib.web import routing
from chalicelib.web.call import Route
from tests.doubles.article_store import Fault
from tests.doubles.faults import Killed
from tests.doubles.steps import between, nothing
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import FixedClock, StandIns

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
COPY = {"customNumber": "2", "F_1": "1", "F_3": "copied"}
UPDATE = {"F_1": "1", "F_3": "new"}
POSTS = [route for route in routing.ROUTES if route.method == "POST"]
REPLAYED = "idempotent-replayed"


@pytest.fixture(autouse=True)
def article(services: StandIns) -> None:
    services.article_store.write_many([Article("1", {"id": "1", "F_1": "1", "F_3": "old"})])


def copy(client: Gateway, headers: Mapping[str, str] = KEY, body: object = None) -> Answer:
    return client.call("POST", "/v1/articles", COPY if body is None else body, headers)


def update(client: Gateway, headers: Mapping[str, str] = KEY) -> Answer:
    return client.call("POST", "/v1/articles/update", UPDATE, headers)


def written(services: StandIns) -> int:
    return services.article_store.calls["write_many"]


def test_the_first_answer_is_given_again_and_nothing_is_done(user: Gateway, services: StandIns) -> None:
    first = copy(user)
    assert (first.status, REPLAYED in first.headers) == (200, False)
    before = written(services)
    again = copy(user)
    assert (again.status, again.text) == (200, first.text)
    assert again.headers == {**first.headers, REPLAYED: "true"}
    assert written(services) == before
    assert copy(user, {}).status == 409


def test_without_a_key_each_call_is_a_call_of_its_own(user: Gateway, services: StandIns) -> None:
    assert [copy(user, {}).status, copy(user, {}).status] == [200, 409]
    assert services.idempotency_store.records == {}


def test_a_key_with_quotes_is_the_same_without(user: Gateway) -> None:
    first = copy(user)
    assert copy(user, {"idempotency-key": KEY["Idempotency-Key"].strip('"')}).text == first.text


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        '""',
        '"a',
        "a b",
        "a,b",
        'a"b',
        "a;b=1",
        '"a";b',
        "é",
        '"é"',
        "\x7f",
        "x" * 256,
        f'"{"x" * 256}"',
    ],
)
@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.name)
def test_what_is_no_key_is_refused_and_nothing_is_done(
    route: Route, key: str, admin: Gateway, services: StandIns
) -> None:
    before = written(services)
    answer = admin.call("POST", route.path, COPY, {"Idempotency-Key": key})
    assert answer.status == 400
    assert "Idempotency-Key" in answer.json["message"]
    assert written(services) == before
    assert services.commands.given == []
    assert services.acceptance.accepted == []


@pytest.mark.parametrize(
    "key", ["a", "x" * 255, f'"{"x" * 255}"', r'"a \"b\" \\ c"', "~!#$%&'*+-./:<=>?@^_`|{}()[]"]
)
def test_what_is_a_key_is_taken(key: str, user: Gateway) -> None:
    assert [copy(user, {"Idempotency-Key": key}).status for _ in range(2)] == [200, 200]


def test_two_keys_are_none(user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles", COPY, lines={"Idempotency-Key": ["a", "b"]})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/v1/articles", {**COPY, "F_3": "other"}),
        ("/v1/articles?x=1", COPY),
        ("/v1/articles/update", COPY),
        ("/v1/articles", b""),
    ],
)
def test_a_key_of_another_request_is_a_422(
    target: str, body: object, user: Gateway, services: StandIns
) -> None:
    copy(user)
    before = written(services)
    answer = user.call("POST", target, body, KEY)
    assert (answer.status, list(answer.json["errors"])) == (422, ["Idempotency-Key"])
    assert written(services) == before
    assert copy(user).status == 200


def test_every_value_of_a_parameter_makes_the_request(user: Gateway, services: StandIns) -> None:
    user.call("POST", "/v1/articles?x=1&x=2", COPY, KEY)
    before = written(services)
    for query in ("x=3&x=2", "x=2", "x=2&x=1"):
        assert user.call("POST", f"/v1/articles?{query}", COPY, KEY).status == 422
    assert user.call("POST", "/v1/articles?x=1&x=2", COPY, KEY).headers[REPLAYED] == "true"
    assert written(services) == before


def test_keys_belong_to_the_user_and_not_to_the_token(
    user: Gateway, admin: Gateway, services: StandIns
) -> None:
    first = copy(user)
    assert copy(admin).status == 409
    renewed = admin.call("POST", "/v1/admin/user/renew", {"email": "user@example.org"}).json["data"]["token"]
    assert copy(user).status == 401
    again = Gateway(user.api, renewed)
    assert (copy(again).text, REPLAYED in copy(again).headers) == (first.text, True)


def test_who_gets_the_address_of_a_user_that_is_gone_does_not_get_its_keys(
    user: Gateway, admin: Gateway, services: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(user)
    later = FixedClock().now() + 1
    monkeypatch.setattr(FixedClock, "now", lambda clock: later)
    assert admin.call("DELETE", "/v1/admin/user", {"email": "user@example.org"}).status == 200
    other = Gateway(user.api, services.token("user@example.org"))
    assert copy(other).status == 409
    assert REPLAYED not in copy(other, {"Idempotency-Key": "other"}).headers


def test_a_call_that_is_not_let_in_leaves_no_trace(
    anyone: Gateway, user: Gateway, services: StandIns
) -> None:
    assert copy(anyone).status == 401
    assert user.call("POST", "/v1/admin/create-user", {}, KEY).status == 403
    assert services.idempotency_store.records == {}


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/v1/articles/1"), ("PUT", "/v1/articles/1"), ("GET", "/v1/jobs/clear")]
)
def test_a_key_on_a_call_that_is_no_post_means_nothing(
    method: str, target: str, user: Gateway, services: StandIns
) -> None:
    body = {"F_3": "put"} if method == "PUT" else None
    for headers in (KEY, KEY, {"Idempotency-Key": ""}):
        answer = user.call(method, target, body, headers)
        assert (answer.status, REPLAYED in answer.headers) == (200, False)
    assert services.idempotency_store.records == {}


# Which answers are kept


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"customNumber": "1", "F_1": "1"}, 409),
        ({"customNumber": "2", "F_1": "404"}, 404),
        ({"customNumber": "", "F_3": 1.5}, 422),
        (b"{", 400),
        (b"x" * 4_500_001, 413),
    ],
)
def test_a_refusal_that_would_be_the_same_again_is_kept(
    body: object, status: int, user: Gateway, services: StandIns
) -> None:
    first = copy(user, KEY, body)
    assert first.status == status
    user.call("PUT", "/v1/articles/404", {})
    again = copy(user, KEY, body)
    assert (again.status, again.text, again.headers[REPLAYED]) == (status, first.text, "true")
    assert again.headers.get("content-type") == first.headers.get("content-type")


def test_who_lost_against_other_writers_may_send_the_same_again(user: Gateway, services: StandIns) -> None:
    services.article_store.plan = lambda call, number: Fault.BEATEN if call == "write_many" else None
    assert update(user).status == 409
    services.article_store.plan = lambda call, number: None
    again = update(user)
    assert (again.status, REPLAYED in again.headers) == (200, False)
    assert WriteConflict.__name__ in services.log_text()


def test_an_outage_is_not_kept(user: Gateway, services: StandIns) -> None:
    services.article_store.plan = lambda call, number: Fault.DOWN
    assert update(user).status == 503
    services.article_store.plan = lambda call, number: None
    assert update(user).status == 200
    assert update(user).headers[REPLAYED] == "true"


def test_a_bug_is_not_kept(user: Gateway, services: StandIns) -> None:
    def break_down(call: str, number: str) -> None:
        raise RuntimeError

    services.article_store.plan = break_down
    assert update(user).status == 500
    services.article_store.plan = lambda call, number: None
    assert update(user).status == 200


def test_after_a_day_a_key_is_new(user: Gateway, services: StandIns) -> None:
    copy(user)
    services.clock.advance(KEPT_SECONDS - 1)
    assert copy(user).status == 200
    services.clock.advance(1)
    assert copy(user).status == 409
    assert copy(user, KEY, {**COPY, "customNumber": "3"}).status == 422


# Secrets


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("create-user", {"name": "Ada", "email": "ada@example.org", "password": "correct horse"}, 201),
        ("user/renew", {"email": "user@example.org"}, 200),
    ],
)
def test_an_answer_with_a_token_is_never_kept_nor_given_again(
    target: str, body: dict[str, str], status: int, admin: Gateway, user: Gateway, services: StandIns
) -> None:
    first = admin.call("POST", f"/v1/admin/{target}", body, KEY)
    assert first.status == status
    token = first.json["data"]["token"]
    again = admin.call("POST", f"/v1/admin/{target}", body, KEY)
    assert again.status == 409
    assert "has been made already, and its answer is not kept" in again.json["message"]
    records = services.idempotency_store.records.values()
    kept = json.dumps([[each.id, each.fingerprint, each.write_id, each.answer] for each in records])
    for secret in (
        token,
        token.split("|")[1],
        body.get("password", token),
        KEY["Idempotency-Key"].strip('"'),
    ):
        assert secret not in kept
        assert secret not in services.log_text()
    assert Gateway(admin.api, token).call("GET", "/v1/articles/1").status == 200
    assert (
        admin.call("POST", f"/v1/admin/{target}", {**body, "email": "admin@example.org"}, KEY).status == 422
    )


def test_a_user_that_was_not_created_may_be_sent_again_under_its_key(
    admin: Gateway, services: StandIns
) -> None:
    taken = {"name": "Ada", "email": "ada@example.org", "password": "correct horse"}
    admin.call("POST", "/v1/admin/create-user", taken)
    assert admin.call("POST", "/v1/admin/create-user", taken, KEY).status == 422
    admin.call("DELETE", "/v1/admin/user", {"email": "ada@example.org"})
    assert admin.call("POST", "/v1/admin/create-user", taken, KEY).status == 201


def test_calls_whose_answers_hold_a_secret_say_so() -> None:
    secret = {route.path for route in routing.ROUTES if route.secret}
    assert secret >= {"/v1/admin/create-user", "/v1/admin/user/renew"}
    shown = {route.path for route in POSTS if "NewToken" in json.dumps(route.success.schema)}
    assert shown <= secret


# Runs that die


@pytest.mark.parametrize("send", [copy, update])
def test_who_died_after_the_write_is_found_to_have_made_it(send, user: Gateway, services: StandIns) -> None:
    def die() -> None:
        raise Killed

    between(services.article_store, "write_many", nothing, die)
    with pytest.raises(Killed):
        send(user)
    before = written(services)
    running = send(user)
    assert (running.status, "still running" in running.json["message"]) == (409, True)
    services.clock.advance(LEASE_SECONDS)
    after = send(user)
    assert (after.status, after.json["data"]["F_3"]) == (200, "copied" if send is copy else "new")
    assert written(services) == before
    assert send(user).headers[REPLAYED] == "true"


def test_a_copy_is_known_although_its_source_has_gone_since(user: Gateway, services: StandIns) -> None:
    def die() -> None:
        raise Killed

    between(services.article_store, "write_many", nothing, die)
    with pytest.raises(Killed):
        copy(user)
    user.call("DELETE", "/v1/articles/1")
    services.clock.advance(LEASE_SECONDS)
    assert (copy(user).status, copy(user).json["data"]["F_3"]) == (200, "copied")


def test_an_update_that_was_made_before_somebody_elses_is_not_made_again(
    user: Gateway, services: StandIns
) -> None:
    def die() -> None:
        raise Killed

    between(services.article_store, "write_many", nothing, die)
    with pytest.raises(Killed):
        update(user)
    user.call("PATCH", "/v1/articles/1", {"F_3": "newer"})
    services.clock.advance(LEASE_SECONDS)
    assert update(user).json["data"]["F_3"] == "newer"
    assert services.article_store.document("1") == {"id": "1", "F_1": "1", "F_3": "newer"}


def test_a_store_of_keys_that_is_down_lets_no_call_with_a_key_through(
    user: Gateway, services: StandIns
) -> None:
    from chalicelib.errors import Unavailable

    def down(key_id: str) -> None:
        raise Unavailable("keys")

    services.idempotency_store.get = down
    before = written(services)
    assert copy(user).status == 503
    assert written(services) == before
    assert copy(user, {}).status == 200


def test_a_browser_may_send_a_key_and_see_that_an_answer_is_old(anyone: Gateway) -> None:
    answer = anyone.call("OPTIONS", "/v1/articles", headers={"Origin": "https://shop.example"})
    assert "Idempotency-Key" in answer.headers["access-control-allow-headers"].split(", ")
    refused = anyone.call("POST", "/v1/articles", {}, {"Origin": "https://shop.example"})
    assert "Idempotent-Replayed" in refused.headers["access-control-expose-headers"].split(", ")


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.name)
def test_every_post_is_documented_with_the_key(route: Route, anyone: Gateway) -> None:
    document = anyone.call("GET", "/openapi.json").json["paths"][route.path]["post"]
    (parameter,) = [each for each in document["parameters"] if each["name"] == "Idempotency-Key"]
    assert (parameter["in"], parameter["required"]) == ("header", False)
    assert {"400", "409", "422"} <= set(document["responses"])
