"""Articles as a resource and calls under a key, through the gateway, on the real store: as a client sends them."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.end_to_end.file_server import FileServer
from tests.end_to_end.http_client import Answer
from tests.end_to_end.system import System, entry

WRITERS = 8


@pytest.fixture
def number() -> str:
    """An article number that nobody has."""
    return f"0700-{uuid4().hex[:12]}"


def call(system: System, method: str, number: str, body: object = None, **headers: str) -> Answer:
    """One call on the article; `If_Match` is sent as If-Match."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return system.api.call(method, f"/api/v1/articles/{number}", body, sent)


def test_the_life_of_an_article(system: System, number: str) -> None:
    assert call(system, "GET", number).status == 404
    created = call(system, "PUT", number, {"F_3": "45° ½", "C_5": 7}, If_None_Match="*")
    assert (created.status, created.message) == (201, "Article created")
    assert created.data == {"id": number, "F_1": number, "F_3": "45° ½", "C_5": "7"}
    assert created.headers["content-location"].endswith(f"/v1/articles/{number}")

    read = call(system, "GET", number)
    assert (read.status, read.message, read.data) == (200, "Articles found", created.data)
    assert read.headers["etag"] == created.headers["etag"]
    unchanged = call(system, "GET", number, If_None_Match=read.headers["etag"])
    assert (unchanged.status, unchanged.body) == (304, b"")

    assert call(system, "PUT", number, {"F_3": "x"}, If_None_Match="*").status == 412
    changed = call(system, "PATCH", number, {"F_9": None}, If_Match=read.headers["etag"])
    assert (changed.status, changed.data) == (200, {**created.data, "F_9": ""})
    assert call(system, "PATCH", number, {"F_9": "lost"}, If_Match=read.headers["etag"]).status == 412
    merged = call(system, "PATCH", number, {"C_5": None}, Content_Type="application/merge-patch+json")
    assert merged.data == {"id": number, "F_1": number, "F_3": "45° ½", "F_9": ""}

    replaced = call(system, "PUT", number, {"F_4": "only"}, If_Match=merged.headers["etag"])
    assert (replaced.status, replaced.data) == (200, {"id": number, "F_1": number, "F_4": "only"})
    assert call(system, "DELETE", number, If_Match=merged.headers["etag"]).status == 412
    deleted = call(system, "DELETE", number, If_Match=replaced.headers["etag"])
    assert (deleted.status, deleted.message, deleted.data) == (200, "Article deleted", None)
    assert {call(system, method, number).status for method in ("GET", "DELETE")} == {404}
    again = call(system, "PUT", number, {}, If_None_Match="*")
    assert again.status == 201
    assert again.headers["etag"] != created.headers["etag"]


def test_a_delta_file_gives_a_new_tag(system: System, number: str) -> None:
    before = call(system, "PUT", number, {"F_3": "a"}).headers["etag"]
    system.apply(entry("replace-article-feature", number, F_3="from a file"))
    assert call(system, "PATCH", number, {"F_4": "b"}, If_Match=before).status == 412
    assert call(system, "GET", number).data["F_3"] == "from a file"


def test_of_many_who_create_one_article_one_does(system: System, number: str) -> None:
    def create(writer: int) -> Answer:
        return call(system, "PUT", number, {"F_3": str(writer)}, If_None_Match="*")

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(create, range(WRITERS)))
    assert Counter(answer.status for answer in answers) == {201: 1, 412: WRITERS - 1}
    (winner,) = [answer for answer in answers if answer.status == 201]
    assert call(system, "GET", number).data == winner.data


def test_many_who_read_and_demand_what_they_read_lose_nothing(system: System, number: str) -> None:
    call(system, "PUT", number, {"F_3": "0"})

    def count_up(_: int) -> None:
        for _ in range(200):
            read = call(system, "GET", number)
            more = {"F_3": str(int(read.data["F_3"]) + 1)}
            answer = call(system, "PATCH", number, more, If_Match=read.headers["etag"])
            if answer.status == 200:
                return
            assert answer.status == 412
        raise AssertionError("never got a turn")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(count_up, range(WRITERS)))
    assert call(system, "GET", number).data["F_3"] == str(WRITERS)


def copy(system: System, number: str, target: str, key: str, **values: str) -> Answer:
    body = {"customNumber": target, "F_1": number, **values}
    return system.api.call("POST", "/api/v1/articles", body, {"Idempotency-Key": key})


def test_a_copy_that_is_sent_again_under_its_key_is_made_once(system: System, number: str) -> None:
    call(system, "PUT", number, {"F_3": "a"})
    key = f'"{uuid4()}"'
    first = copy(system, number, f"{number}-copy", key)
    assert (first.status, first.data["F_3"]) == (200, "a")
    call(system, "DELETE", f"{number}-copy")
    again = copy(system, number, f"{number}-copy", key)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert call(system, "GET", f"{number}-copy").status == 404
    other = copy(system, number, f"{number}-copy", key, F_3="b")
    assert (other.status, list(other.json["errors"])) == (422, ["Idempotency-Key"])


def test_of_many_who_send_one_copy_at_once_one_makes_it(system: System, number: str) -> None:
    call(system, "PUT", number, {"F_3": "a"})
    key = str(uuid4())

    def send(_: int) -> Answer:
        return copy(system, number, f"{number}-copy", key)

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(send, range(WRITERS)))
    made = [answer for answer in answers if answer.status == 200]
    assert len([answer for answer in made if "idempotent-replayed" not in answer.headers]) == 1
    assert all("still running" in answer.message for answer in answers if answer.status != 200)
    last = send(0)
    assert (last.status, last.body) == (200, made[0].body)


def test_a_delta_update_under_a_key_is_accepted_once(
    system: System, number: str, file_server: FileServer
) -> None:
    key = str(uuid4())
    url = file_server.put(f"/{number}.json", b"[]")
    before = system.ledger.control().seq
    for _ in range(2):
        answer = system.api.call(
            "POST",
            "/api/v1/articles/delta-update",
            {"file": url},
            {"Idempotency-Key": key},
        )
        assert answer.status == 200
    assert system.ledger.control().seq == before + 1


def test_a_token_is_shown_once_and_kept_nowhere(system: System, number: str) -> None:
    key, email = str(uuid4()), f"{number}@example.org"
    body = {"name": "Ada", "email": email, "password": f"secret {number}"}
    sent = ("POST", "/api/v1/admin/create-user", body, {"Idempotency-Key": key})
    created = system.api.call(*sent)
    assert created.status == 201
    repeated = system.api.call(*sent)
    assert (repeated.status, "not kept" in repeated.message) == (409, True)
    items = system.client("dynamodb").scan(TableName=system.deployment.outputs["AccountsTableName"])["Items"]
    kept = [item for item in items if item["pk"]["S"].startswith("idempotency#")]
    assert kept
    assert all(int(item["expires_at"]["N"]) > time.time() for item in kept)
    for secret in (created.data["token"].split("|")[1], body["password"], key):
        assert secret not in json.dumps(items, default=repr)
    system.api.call("DELETE", "/api/v1/admin/user", {"email": email})
