"""The Agents and the Activities Resource, as a content author meets them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.lrs.access.principal import Cmi5Session
from chalicelib.lrs.options import PipelineOptions
from chalicelib.web.gateway import HttpApi
from tests.doubles.article_store import Fault
from tests.doubles.lrs_world import LrsWorld
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import CLIENT, PASSWORD, STORE, OneClientGuard, StandIns

XAPI = f"/lrs/{CLIENT}/stores/{STORE}/xapi"
COURSE = "http://example.com/course?a=b&c=ø#d"
ANN = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.com"}


class Lrs:
    """A client of the record store on doubles."""

    def __init__(self) -> None:
        self.services = StandIns()
        self.world = LrsWorld()
        self.guard = OneClientGuard()
        self.world.__dict__["guard"] = self.guard
        self.services.lrs = self.world
        self.gateway = Gateway(HttpApi("lightrail", self.services))

    def record(self, *statements: Mapping[str, Any]) -> None:
        self.world.registries.note(STORE, statements, PipelineOptions(), 1, CLIENT)

    def get(self, resource: str, method: str = "GET", version: str = "2.0.0", **query: object) -> Answer:
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        pairs = "&".join(f"{name}={quote(value)}" for name, value in texts.items())
        credentials = base64.b64encode(f"{CLIENT}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "X-Experience-API-Version": version}
        return self.gateway.call(method, f"{XAPI}/{resource}?{pairs}", headers=headers)


@pytest.fixture
def lrs() -> Lrs:
    return Lrs()


VERSIONS = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])


@VERSIONS
def test_the_person_of_a_recorded_agent(lrs: Lrs, version: str) -> None:
    lrs.record({"actor": ANN})
    answer = lrs.get("agents", version=version, agent={"mbox": "mailto:ann@example.com"})
    assert answer.status == 200
    assert answer.json == {"objectType": "Person", "name": ["Ann"], "mbox": ["mailto:ann@example.com"]}
    assert answer.headers["x-experience-api-version"] == version


@VERSIONS
def test_an_unknown_agent_is_a_person_too(lrs: Lrs, version: str) -> None:
    answer = lrs.get("agents", version=version, agent={"name": "Ø", "openid": "http://o.example.com"})
    assert answer.json == {"objectType": "Person", "name": ["Ø"], "openid": ["http://o.example.com"]}


def test_head_answers_without_a_body(lrs: Lrs) -> None:
    for answer in (lrs.get("agents", "HEAD", agent=ANN), lrs.get("activities", "HEAD", activityId=COURSE)):
        assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"agent": "ann"},
        {"agent": "{"},
        {"agent": "[]"},
        {"agent": {"name": "nobody"}},
        {"agent": {"objectType": "Group", "mbox": "mailto:g@example.com"}},
        {"agent": {"mbox": ["mailto:ann@example.com"]}},
        {"agent": {**ANN, "openid": "http://o.example.com"}},
        {"agent": '{"mbox":"mailto:a@example.com","mbox":"mailto:b@example.com"}'},
        {"agent": ANN, "limit": "1"},
        {"Agent": ANN},
    ],
)
def test_what_is_no_agent_is_refused_with_the_reason(lrs: Lrs, query: dict[str, Any]) -> None:
    answer = lrs.get("agents", **query)
    assert answer.status == 400
    assert answer.json["errors"]


@VERSIONS
def test_an_activity_has_all_that_statements_told_of_it(lrs: Lrs, version: str) -> None:
    for language in ("en", "fr"):
        lrs.record({"object": {"id": COURSE, "definition": {"name": {language: f"in {language}"}}}})
    answer = lrs.get("activities", version=version, activityId=COURSE)
    assert answer.status == 200
    assert answer.json == {
        "objectType": "Activity",
        "id": COURSE,
        "definition": {"name": {"en": "in en", "fr": "in fr"}},
    }


@VERSIONS
def test_an_unknown_activity_is_bare(lrs: Lrs, version: str) -> None:
    answer = lrs.get("activities", version=version, activityId=COURSE)
    assert (answer.status, answer.json) == (200, {"objectType": "Activity", "id": COURSE})


def test_an_activity_of_another_store_is_not_shown(lrs: Lrs) -> None:
    told = {"object": {"id": COURSE, "definition": {"name": {"en": "secret"}}}}
    lrs.world.registries.note("other", [told], PipelineOptions(), 1)
    assert "definition" not in lrs.get("activities", activityId=COURSE).json


@pytest.mark.parametrize("query", [{}, {"activityId": "no iri"}, {"activityid": COURSE}, {"activityId": ""}])
def test_what_is_no_activity_id_is_refused(lrs: Lrs, query: dict[str, Any]) -> None:
    assert lrs.get("activities", **query).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("resource", ["agents", "activities"])
def test_nothing_can_be_written_here(lrs: Lrs, resource: str, method: str) -> None:
    assert lrs.get(resource, method).status == 405


@pytest.mark.parametrize(
    ("permission", "agents", "activities"),
    [
        ("xapi/all", 200, 200),
        ("xapi/all/read", 200, 200),
        ("xapi/statements/read", 200, 200),
        ("xapi/statements/read/mine", 403, 200),
        ("xapi/statements/write", 403, 403),
        ("data/all", 403, 403),
    ],
)
def test_who_may_read(lrs: Lrs, permission: str, agents: int, activities: int) -> None:
    lrs.guard.permissions = frozenset((permission,))
    assert lrs.get("agents", agent=ANN).status == agents
    assert lrs.get("activities", activityId=COURSE).status == activities


def test_a_cmi5_token_reads_its_own_agent_and_activity_alone(
    lrs: Lrs, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = lrs.guard.authenticate

    def with_session(*arguments: Any) -> Any:
        return replace(admit(*arguments), cmi5=Cmi5Session("token", ANN, COURSE))

    monkeypatch.setattr(lrs.guard, "authenticate", with_session)
    other = {"mbox": "mailto:bob@example.com"}
    assert lrs.get("agents", agent=ANN).status == 200
    assert lrs.get("agents", agent=other).status == 403
    assert lrs.get("activities", activityId=COURSE).status == 200
    assert lrs.get("activities", activityId="http://example.com/other").status == 403


def test_a_store_that_does_not_answer_is_503(lrs: Lrs) -> None:
    lrs.world.stored.registry_store.plan = lambda call, key: Fault.DOWN
    assert lrs.get("agents", agent=ANN).status == 503
    assert lrs.get("activities", activityId=COURSE).status == 503
