"""Push and pull between two stores over their HTTP interfaces, made and read as a client of the Jobs API does."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.lrs.access.basic import basic_value
from chalicelib.ports.outgoing import Request, Response
from tests.doubles.running_jobs import run
from tests.functional.lrs_site import PASSWORD, Site
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, statement, voiding

HOST = "lrs.example.com"
STATEMENTS = "/lrs/sue/stores/south/xapi/statements"


class Deployments:
    """Two deployments: what the first sends to the host of the second arrives there."""

    def __init__(self) -> None:
        self.near, self.far = Site(), Site()
        self.near.client("ada")
        self.far.client("sue", "south")
        self.near.world.stored.outgoing.hosts[HOST] = self.answer
        for site in (self.near, self.far):
            site.world.stored.clock.advance(10)

    def answer(self, request: Request) -> Response:
        """Calls the second deployment, as its gateway would be called."""
        parts = urlsplit(request.url)
        target = parts.path.removeprefix("/api") + (f"?{parts.query}" if parts.query else "")
        found = self.far.gateway.call(request.method, target, request.body, request.headers)
        return Response(found.status, found.headers, found.body)

    def connect(self, password: str = PASSWORD) -> str:
        settings = {
            "endpoint": f"https://{HOST}/api/lrs/sue/stores/south/xapi",
            "username": "sue",
            "password": password,
        }
        made = self.near.call(
            "POST", "/lrs/ada/access/connections/lrs", "ada", {"name": "Far", "settings": settings}
        )
        assert made.status == 201, made.text
        return str(made.json["data"]["id"])

    def job(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The job as the API shows it after its run."""
        body = {"repeat": "now", "service": "statements", "until": "now", **fields}
        made = self.near.call("POST", f"/lrs/ada/jobs/{kind}", "ada", body)
        assert made.status == 201, made.text
        data = made.json["data"]
        assert not isinstance(data, list)
        stored = self.near.world.stored
        found = stored.job_store.get(kind, data["id"])
        assert found is not None
        run(stored, found, lambda: self.near.world)
        for site in (self.near, self.far):
            site.world.stored.clock.advance(600)
        shown = self.near.call("GET", f"/lrs/ada/jobs/{kind}/{data['id']}", "ada").json["data"]
        assert isinstance(shown, dict)
        return shown

    def record(self, site: Site, user: str, path: str, *statements: object) -> None:
        answer = site.call("POST", path, user, list(statements), **{"Content-Type": "application/json"})
        assert answer.status == 200, answer.text
        site.world.stored.clock.advance(10)


@pytest.fixture
def both() -> Deployments:
    return Deployments()


def multipart_of(statement: dict[str, object], content: bytes) -> tuple[bytes, str]:
    head = "--b\r\nContent-Type: application/json\r\n\r\n"
    sha256 = hashlib.sha256(content).hexdigest()
    more = (
        "\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
        f"X-Experience-API-Hash: {sha256}\r\n\r\n"
    )
    body = head.encode() + json.dumps(statement).encode() + more.encode() + content + b"\r\n--b--\r\n"
    return body, "multipart/mixed; boundary=b"


def test_what_is_pushed_to_another_store_is_pulled_back_whole(both: Deployments) -> None:
    near = "/lrs/ada/stores/north/xapi/statements"
    body, kind = multipart_of(attached(A), BYTES)
    sent = both.near.gateway.call(
        "POST",
        near,
        body,
        {
            "X-Experience-API-Version": "2.0.0",
            "Content-Type": kind,
            "Authorization": f"Basic {basic_value('ada', PASSWORD)}",
        },
    )
    assert sent.status == 200, sent.text
    many = [f"00000000-0000-4000-8000-{number:012d}" for number in range(1000, 1250)]
    for start in range(0, 250, 125):
        both.record(both.near, "ada", near, *(statement(name) for name in many[start : start + 125]))
    both.record(both.near, "ada", near, statement(B), voiding(C, B))
    connection = both.connect()

    pushed = both.job("push", store="north", connection=connection)
    assert pushed["success"] is True, pushed["feedback"]
    assert pushed["progress"] == {"total": 252, "done": 252, "skipped": 0, "failed": 0}
    assert both.far.call("GET", f"{STATEMENTS}?statementId={A}", "sue").status == 200
    assert both.far.call("GET", f"{STATEMENTS}?statementId={B}", "sue").status == 404

    pulled = both.job("pull", store="south", connection=connection)
    assert pulled["success"] is True, pulled["feedback"]
    assert pulled["progress"] == {"total": 252, "done": 252, "skipped": 0, "failed": 0}
    stored = both.near.world.stored.statement_store
    assert {each.id for each in stored.stored("south")} == {A, C, *many}
    assert both.near.world.attachments.read("south", HASH) == BYTES


def test_a_password_stands_nowhere_in_what_is_shown_or_logged(both: Deployments) -> None:
    both.record(both.near, "ada", "/lrs/ada/stores/north/xapi/statements", statement(A))
    secret = "a password that is wrong"
    shown = both.job("push", store="north", connection=both.connect(secret))
    assert shown["success"] is False
    assert "401" in shown["feedback"]
    log = both.near.call("GET", "/lrs/ada/logs", "ada").text
    said = json.dumps(shown) + log
    login = base64.b64encode(f"sue:{secret}".encode()).decode()
    assert secret not in said
    assert login not in said


def test_another_store_refuses_every_service_but_statements(both: Deployments) -> None:
    body = {
        "repeat": "now",
        "service": "agents",
        "until": "now",
        "store": "north",
        "connection": both.connect(),
    }
    for kind in ("pull", "push"):
        answer = both.near.call("POST", f"/lrs/ada/jobs/{kind}", "ada", body)
        assert answer.status == 422
        assert list(answer.json["errors"]) == ["service"]
        made = both.near.call("POST", f"/lrs/ada/jobs/{kind}", "ada", {**body, "service": "all"})
        assert [job["service"] for job in made.json["data"]] == ["statements"]
