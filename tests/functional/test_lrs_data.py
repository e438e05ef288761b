"""The Data API: what an operator's tools read of a store, and the persons that they make."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from chalicelib.web.lrs.data import TERMS
from tests.doubles.article_store import Fault
from tests.functional.gateway import Answer
from tests.functional.lrs_site import Site

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
COURSE = "http://example.com/course"
DOCUMENTS = ["states", "activity-profiles", "agent-profiles"]
SERVICES = [*DOCUMENTS, "statements", "agents", "activities", "persons", *TERMS]


def agent(who: str, **more: object) -> dict[str, object]:
    return {"objectType": "Agent", "mbox": f"mailto:{who}@example.com", **more}


def statement(number: int, who: str = "ann", **more: object) -> dict[str, object]:
    return {
        "id": str(UUID(int=number, version=4)),
        "actor": agent(who, name=who.title()),
        "verb": {"id": "http://example.com/did", "display": {"en": "did"}},
        "object": {"id": COURSE, "definition": {"type": "http://example.com/types/course"}},
        **more,
    }


class Tool:
    """A client that may read all data of the store `north`."""

    def __init__(self, **environment: str) -> None:
        self.site = Site(**environment)
        self.site.client("tool")

    def record(self, *statements: dict[str, object]) -> None:
        body = list(statements)
        path, kind = "/lrs/tool/stores/north/xapi/statements", {"Content-Type": "application/json"}
        answer = self.site.call("POST", path, "tool", body, **kind)
        assert answer.status == 200, answer.text

    def get(self, service: str, user: str = "tool", store: str = "north", **query: Any) -> Answer:
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        pairs = "&".join(f"{name}={quote(value)}" for name, value in texts.items())
        path = f"/lrs/{user}/stores/{store}/data/{service}?{pairs}"
        return self.site.call("GET", path, user)

    def data(self, service: str, **query: Any) -> list[Any]:
        answer = self.get(service, **query)
        assert answer.status == 200, answer.text
        found: list[Any] = answer.json["data"]
        return found

    def pages(self, service: str, limit: int, **query: Any) -> list[list[Any]]:
        found = []
        cursor: dict[str, Any] = {}
        while True:
            answer = self.get(service, limit=limit, **query, **cursor).json
            found.append(answer["data"])
            if answer["cursor"] is None:
                return found
            cursor = {"cursor": answer["cursor"]}

    def make(self, body: object) -> Answer:
        return self.site.call("POST", "/lrs/tool/stores/north/data/persons", "tool", body)


@pytest.fixture
def tool() -> Tool:
    return Tool()


def numbers(found: list[Any]) -> list[int]:
    return [UUID(each["id"]).int & 0xFF for each in found]


def test_a_statement_is_shown_with_what_is_known_of_it(tool: Tool) -> None:
    tool.record(statement(1))
    (found,) = tool.data("statements")
    assert found["statement"]["actor"]["name"] == "Ann"
    assert found["statement"]["stored"] == found["stored"]
    assert {
        name: found[name] for name in ("client", "voided", "validated", "valid", "pseudonymized", "faults")
    } == {
        "client": "tool",
        "voided": False,
        "validated": True,
        "valid": True,
        "pseudonymized": False,
        "faults": [],
    }


def test_voided_statements_are_shown_unless_left_out(tool: Tool) -> None:
    reference = {"objectType": "StatementRef", "id": statement(1)["id"]}
    tool.record(statement(1), statement(2))
    tool.record(statement(3, verb={"id": VOIDED}, object=reference))
    assert numbers(tool.data("statements")) == [3, 2, 1]
    assert numbers(tool.data("statements", voided="true")) == [1]
    assert numbers(tool.data("statements", voided="false")) == [3, 2]
    assert numbers(tool.data("statements", statementId=statement(1)["id"])) == [1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"agent": agent("bob")}, [2]),
        ({"verb": "http://example.com/did"}, [3, 2, 1]),
        ({"verb": "http://example.com/other"}, []),
        ({"activity": COURSE, "ascending": "true"}, [1, 2, 3]),
        ({"registration": "EC531277-B57B-4C15-8D91-D292C5B2B8F7"}, [3]),
        ({"agent": agent("boss"), "related_agents": "true"}, [3]),
        ({"agent": agent("boss")}, []),
        ({"validated": "true", "valid": "true"}, [3, 2, 1]),
        ({"valid": "false"}, []),
        ({"pseudonymized": "true"}, []),
        ({"until": "2001-01-01T00:00:00Z"}, []),
        ({"since": "2001-01-01T00:00:00Z"}, [3, 2, 1]),
    ],
)
def test_statements_are_filtered(tool: Tool, query: dict[str, Any], expected: list[int]) -> None:
    context = {"registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7", "instructor": agent("boss")}
    tool.record(statement(1), statement(2, "bob"), statement(3, context=context))
    assert numbers(tool.data("statements", **query)) == expected


@pytest.mark.parametrize("service", ["statements", "agents", "activity-ids", "persons"])
def test_pages_hold_everything_once(tool: Tool, service: str) -> None:
    def recorded(first: int) -> None:
        tool.record(*(statement(n, f"a{n}", object={"id": f"{COURSE}/{n}"}) for n in range(first, first + 5)))

    recorded(1)
    pages = tool.pages(service, 2)
    found = [json.dumps(each) for page in pages for each in page]
    assert len(set(found)) == len(found) >= 5
    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)
    assert len(tool.data(service, limit=500)) == len(found)


def test_agents_are_shown_with_names_and_person(tool: Tool) -> None:
    group = {"objectType": "Group", "openid": "http://g.example.com", "member": [agent("bob")]}
    tool.record(statement(1, context={"team": group}))
    (ann,) = tool.data("agents", agent=agent("ann"))
    assert (ann["agent"], ann["names"]) == (agent("ann"), ["Ann"])
    assert {"person", "pseudonymized", "client", "stored", "updated"} <= set(ann)
    (team,) = tool.data("agents", type="Group")
    assert team["members"] == [agent("bob")]
    assert [each["agent"]["mbox"] for each in tool.data("agents", search="BOB@")] == [
        "mailto:bob@example.com"
    ]
    assert tool.data("agents", pseudonymized="true") == []
    assert tool.data("agents", until="2001-01-01T00:00:00Z") == []


def test_activities_are_found_by_id_type_and_beginning(tool: Tool) -> None:
    tool.record(statement(1), statement(2, object={"id": "http://other.example.com/x"}))
    (course,) = tool.data("activities", activityId=COURSE)
    assert course["activity"] == {
        "objectType": "Activity",
        "id": COURSE,
        "definition": {"type": "http://example.com/types/course"},
    }
    assert len(tool.data("activities", type="http://example.com/types/course")) == 1
    assert [each["activity"]["id"] for each in tool.data("activities", search="HTTP://OTHER")] == [
        "http://other.example.com/x"
    ]


def test_terms_complete_what_someone_begins_to_write(tool: Tool) -> None:
    usage = {
        "usageType": "http://example.com/usage",
        "display": {"en": "x"},
        "contentType": "text/plain",
        "length": 1,
        "sha2": "a" * 64,
        "fileUrl": "http://example.com/file",
    }
    tool.record(statement(1, attachments=[usage]))
    (verb,) = tool.data("verbs", search="http://example.com/d")
    assert (verb["id"], verb["display"]) == ("http://example.com/did", {"en": "did"})
    assert [each["id"] for each in tool.data("activity-types")] == ["http://example.com/types/course"]
    assert [each["id"] for each in tool.data("attachment-usage-types")] == ["http://example.com/usage"]
    assert [each["id"] for each in tool.data("activity-ids", search="http://example.com/c")] == [COURSE]
    assert {"mbox": "mailto:ann@example.com"} in [each["id"] for each in tool.data("agent-ids", search="ann")]
    assert tool.data("verbs", search="x") == []


REGISTRATION = "ec531277-b57b-4c15-8d91-d292c5b2b8f7"


def with_documents(tool: Tool) -> None:
    """Two of each kind, about two activities and two agents."""
    kinds = {"Content-Type": "application/json", "If-None-Match": "*"}
    for number, who in enumerate(("ann", "bob")):
        activity = f"activityId={quote(f'{COURSE}/{number}')}"
        person = f"agent={quote(json.dumps(agent(who)))}"
        for path in (
            f"activities/state?{activity}&{person}&stateId=s{number}&registration={REGISTRATION.upper()}",
            f"activities/profile?{activity}&profileId=p{number}",
            f"agents/profile?{person}&profileId=q{number}",
        ):
            address = f"/lrs/tool/stores/north/xapi/{path}"
            answer = tool.site.call("PUT", address, "tool", {"a": number}, **kinds)
            assert answer.status == 204, answer.text
        tool.site.world.clock.advance(1)


def test_documents_are_listed_without_their_contents(tool: Tool) -> None:
    with_documents(tool)
    first, second = tool.data("states")
    assert {
        name: first[name] for name in ("stateId", "agent", "activityId", "registration", "contentType")
    } == {
        "stateId": "s0",
        "agent": agent("ann"),
        "activityId": f"{COURSE}/0",
        "registration": REGISTRATION,
        "contentType": "application/json",
    }
    assert {"size", "etag", "client", "stored", "updated", "pseudonymized"} <= set(first)
    assert second["stateId"] == "s1"
    assert [each["profileId"] for each in tool.data("activity-profiles")] == ["p0", "p1"]
    assert [each["profileId"] for each in tool.data("agent-profiles")] == ["q0", "q1"]


@pytest.mark.parametrize(
    ("service", "query", "expected"),
    [
        ("states", {"agent": agent("bob")}, ["s1"]),
        ("states", {"activityId": f"{COURSE}/0"}, ["s0"]),
        ("states", {"registration": REGISTRATION, "stateId": "s1"}, ["s1"]),
        ("states", {"registration": str(UUID(int=1, version=4))}, []),
        ("states", {"type": "Application/JSON"}, ["s0", "s1"]),
        ("states", {"type": "text/plain"}, []),
        ("agent-profiles", {"agent": agent("ann"), "pseudonymized": "false"}, ["q0"]),
        ("agent-profiles", {"pseudonymized": "true"}, []),
        ("activity-profiles", {"activityId": f"{COURSE}/1"}, ["p1"]),
        ("activity-profiles", {"profileId": "p0", "since": "2001-01-01T00:00:00Z"}, ["p0"]),
        ("activity-profiles", {"until": "2001-01-01T00:00:00Z"}, []),
    ],
)
def test_documents_are_filtered(tool: Tool, service: str, query: dict[str, Any], expected: list[str]) -> None:
    with_documents(tool)
    found = tool.data(service, **query)
    assert [each.get("stateId", each.get("profileId")) for each in found] == expected


@pytest.mark.parametrize("service", DOCUMENTS)
def test_documents_come_in_pages(tool: Tool, service: str) -> None:
    with_documents(tool)
    found = [each for page in tool.pages(service, 1) for each in page]
    assert found == tool.data(service)
    assert len(found) == 2


def test_a_page_of_documents_is_no_larger_than_an_answer_may_be(tool: Tool) -> None:
    """A document may have an agent of 32 KiB beside it."""
    documents = tool.site.world.document_store
    with_documents(tool)
    [one, _] = documents.listing("north", "states", None, 10)
    wide = json.dumps({**agent("ann"), "name": "n" * 32_000})
    for number in range(150):
        name = replace(one.name, id=f"w{number:03d}")
        made = replace(one, name=name, agent=wide, stored=one.stored + 1 + number, write=str(number))
        documents.documents[name] = made
    sizes = [len(json.dumps(page)) for page in tool.pages("states", 500)]
    assert len(sizes) > 1
    assert max(sizes) < 4_000_000
    assert sum(len(page) for page in tool.pages("states", 500)) == 152


@pytest.mark.parametrize(
    ("service", "query"),
    [
        ("states", {"cursor": "x"}),
        ("agent-profiles", {"activityId": COURSE}),
        ("statements", {"limit": "0"}),
        ("statements", {"limit": "501"}),
        ("statements", {"voided": "maybe"}),
        ("statements", {"agent": "{}"}),
        ("statements", {"cursor": "x"}),
        ("statements", {"statementId": "1"}),
        ("statements", {"statementId": statement(1)["id"], "limit": "5"}),
        ("statements", {"format": "exact"}),
        ("agents", {"type": "Person"}),
        ("agents", {"cursor": "x"}),
        ("agents", {"cursor": "½"}),
        ("activities", {"activityId": "x"}),
        ("activities", {"since": "yesterday"}),
        ("verbs", {"cursor": "AAAA"}),
        ("persons", {"cursor": "_"}),
        ("persons", {"agent": {"objectType": "Group", "mbox": "mailto:g@example.com"}}),
    ],
)
def test_what_is_wrong_is_said(tool: Tool, service: str, query: dict[str, Any]) -> None:
    answer = tool.get(service, **query)
    assert answer.status == 422
    assert set(answer.json["errors"]) <= set(query)


def test_each_array_becomes_one_person(tool: Tool) -> None:
    tool.record(statement(1), statement(2, "bob"), statement(3, "cy"))
    answer = tool.make([[agent("ann"), agent("amy")], [agent("bob"), agent("bill", name="Bill")]])
    assert answer.status == 200
    first, second = answer.json["data"]
    assert {each["mbox"] for each in first["agents"]} == {"mailto:ann@example.com", "mailto:amy@example.com"}
    assert {"name": "Bill", **agent("bill")} in second["agents"]
    # The client itself is an agent too, and a person of its own.
    assert sorted(len(each["agents"]) for each in tool.data("persons")) == [1, 1, 2, 2]
    assert tool.data("persons", agent=agent("amy")) == [first]
    assert tool.data("persons", agent=agent("unknown")) == []
    described = tool.site.call(
        "GET", f"/lrs/tool/stores/north/xapi/agents?agent={quote(json.dumps(agent('amy')))}", "tool"
    )
    assert sorted(described.json["mbox"]) == ["mailto:amy@example.com", "mailto:ann@example.com"]
    assert described.json["name"] == ["Ann"]


def test_persons_that_share_an_agent_become_one(tool: Tool) -> None:
    answer = tool.make([[agent("a"), agent("b")], [agent("c"), agent("d")], [agent("d"), agent("a")]])
    assert answer.status == 200
    (person,) = tool.data("persons")
    assert len(person["agents"]) == 4
    assert tool.make([[agent("a"), agent("b")]]).status == 200
    assert tool.data("persons") == [person]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body"),
        ([], "body"),
        ([[]], "[0]"),
        ([agent("ann")], "[0]"),
        ([[agent("ann")], [agent("bob"), {"name": "x"}]], "[1][1]"),
        ([[{"mbox": "ann"}]], "[0][0].mbox"),
        ([[agent(str(n)) for n in range(101)]], "[0]"),
        ([[agent("a")]] * 101, "body"),
    ],
)
def test_what_makes_no_person_changes_nothing(tool: Tool, body: object, place: str) -> None:
    answer = tool.make(body)
    assert answer.status == 422
    assert place in answer.json["errors"]
    assert tool.data("persons") == []


def test_broken_json_makes_no_person(tool: Tool) -> None:
    for raw in (b"[[", b"\xff", b""):
        assert tool.site.call("POST", "/lrs/tool/stores/north/data/persons", "tool", raw).status == 400


def test_making_persons_is_in_the_general_log(tool: Tool) -> None:
    tool.make([[agent("a"), agent("b")]])
    (entry,) = tool.site.world.stored.log_store.all()
    assert (entry.type, entry.store, entry.client) == ("data", "north", "tool")
    assert "example.com" not in entry.message


@pytest.mark.parametrize("service", SERVICES)
def test_only_who_may_read_all_data_does(tool: Tool, service: str) -> None:
    tool.site.client("author", permissions=("xapi/all", "jobs/all", "logging/all"))
    assert tool.get(service).status == 200
    assert tool.get(service, user="author").status == 403
    assert tool.get(service, store="south").status == 403


@pytest.mark.parametrize("service", SERVICES)
def test_a_setting_takes_the_api_away(service: str) -> None:
    tool = Tool(DATA_API="false")
    assert tool.get(service).status == 404
    assert tool.make([[agent("ann")]]).status == 404


def test_there_is_no_other_service(tool: Tool) -> None:
    assert tool.get("nothing").status == 404


@pytest.mark.parametrize("service", ["agents", "activities", "verbs", "persons"])
def test_a_search_engine_that_is_away_is_503(tool: Tool, service: str) -> None:
    tool.site.world.stored.registry_store.plan = lambda call, key: Fault.DOWN
    assert tool.get(service).status == 503


def test_a_page_of_statements_is_no_longer_than_a_process_can_hold() -> None:
    tool = Tool()
    tool.record(*(statement(number) for number in range(130)))
    assert [len(page) for page in tool.pages("statements", 500)] == [100, 30]
