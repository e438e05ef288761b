"""Every pipeline option, on and off: set by the client, by the deployment for all that leave it open, or forced."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.joined_lrs import JoinedLrs
from chalicelib.lrs import multipart
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.parts import VOIDED
from chalicelib.settings import SettingsError
from tests.functional import lrs_client
from tests.functional.gateway import Answer
from tests.functional.lrs_client import statement, uuid
from tests.functional.lrs_site import Site

PASSWORD = "battery staple"
STORE = "/lrs/lms/stores/north"
ANN = {"mbox": "mailto:ann@example.org"}
DID, OTHER = "http://example.org/did", "http://example.org/other"
COURSE, TYPE = "http://example.org/course", "http://example.org/types/course"
BYTES = b"\r\n--\x00 some bytes"
FILE = {
    "usageType": "http://example.org/usage",
    "display": {"en": "A file"},
    "contentType": "application/octet-stream",
    "length": len(BYTES),
    "sha2": sha256(BYTES).hexdigest(),
}
# What a client has in its place that sets none.
HOME, NAME = "https://lightrail.invalid/clients", "lms"


class Lms:
    """A client that the Access API made, in a deployment with these settings."""

    def __init__(self, pipeline: Mapping[str, object], **environment: str) -> None:
        self.site = Site(**environment)
        self.site.client("admin", permissions=["access/all"])
        made = self.site.call("POST", "/lrs/admin/access/clients", "admin", {
            "slug": "lms",
            "store": "north",
            "credentials": {"username": "lms", "password": PASSWORD},
            "permissions": {"xapi/all": True, "data/all": True},
            "pipeline": pipeline,
        })  # fmt: skip
        assert made.status == 201, made.text
        self.pipeline: dict[str, object] = made.json["data"]["pipeline"]

    def call(
        self, method: str, resource: str, query: Mapping[str, str], body: object = None, **headers: str
    ) -> Answer:
        path = f"{STORE}/{resource}?{urlencode(query)}"
        sent = {"Content-Type": "application/json", **headers}
        return self.site.call(method, path, "lms", body, PASSWORD, **sent)

    def post(self, *statements: object) -> int:
        return self.call("POST", "xapi/statements", {}, list(statements)).status

    def recorded(self, *statements: object) -> None:
        assert self.post(*statements) == 200

    def status_of(self, number: int, name: str = "statementId") -> int:
        return self.call("GET", "xapi/statements", {name: uuid(number)}).status

    def read(self, number: int) -> dict[str, Any]:
        answer = self.call("GET", "xapi/statements", {"statementId": uuid(number)})
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def found(self, **query: str) -> list[int]:
        answer = self.call("GET", "xapi/statements", query)
        assert answer.status == 200, answer.text
        return lrs_client.numbers(answer.json["statements"])

    def data(self, service: str, **query: str) -> list[dict[str, Any]]:
        answer = self.call("GET", f"data/{service}", query)
        assert answer.status == 200, answer.text
        return list(answer.json["data"])


def refers(number: int, target: int, verb: str = OTHER) -> dict[str, Any]:
    return statement(number, verb={"id": verb}, object={"objectType": "StatementRef", "id": uuid(target)})


def named(number: int, language: str, **other: object) -> dict[str, Any]:
    definition = {"name": {language: "Course"}, "type": TYPE, **other}
    return statement(number, object={"id": COURSE, "definition": definition})


def an_invalid_statement(lms: Lms) -> object:
    """Its status; whether what was recorded counts as checked, and as valid."""
    status = lms.post(statement(1, verb={"id": "not an IRI"}))
    return status, [(each["validated"], each["valid"]) for each in lms.data("statements")]


def the_same_id_with_other_content(lms: Lms) -> object:
    """The status of the second; the verb that is read then."""
    lms.recorded(statement(1))
    return lms.post(statement(1, verb={"id": OTHER})), lms.read(1)["verb"]["id"]


def an_attachment(lms: Lms) -> object:
    """What comes back of its bytes; its description stays."""
    part = multipart.Part(
        {"Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": FILE["sha2"]},  # type: ignore[dict-item]
        BYTES,
    )
    body, headers = lrs_client.multipart(statement(1, attachments=[FILE]), part)
    assert lms.call("POST", "xapi/statements", {}, body, **headers).status == 200
    assert lms.read(1)["attachments"] == [FILE]
    answer = lms.call("GET", "xapi/statements", {"statementId": uuid(1), "attachments": "true"})
    _, parameters = multipart.media_type(answer.headers["content-type"])
    parts = multipart.parse(answer.body, multipart.boundary_of(parameters))
    return [part.content for part in parts[1:]]


def targets_of_voiding_statements(lms: Lms) -> object:
    """Whether they can be read, and read as voided: one that came before, one that came after."""
    lms.recorded(statement(1))
    lms.recorded(refers(3, 1, VOIDED))
    lms.recorded(refers(4, 2, VOIDED))
    lms.recorded(statement(2))
    assert (lms.status_of(3), lms.status_of(4)) == (200, 200)
    return [(lms.status_of(number), lms.status_of(number, "voidedStatementId")) for number in (1, 2)]


def definitions_of_an_activity(lms: Lms) -> object:
    """The languages of its name, and how many activities are known."""
    lms.recorded(named(1, "en"), named(2, "de"))
    found = lms.call("GET", "xapi/activities", {"activityId": COURSE})
    assert (found.status, found.json["id"]) == (200, COURSE)
    names = found.json.get("definition", {}).get("name", {})
    return sorted(names), len(lms.data("activities", activityId=COURSE))


def names_of_an_agent(lms: Lms) -> object:
    """The names of the person, and how many agents and persons are known by the address."""
    lms.recorded(*(statement(n, actor={**ANN, "name": name}) for n, name in ((1, "Ann"), (2, "Annie"))))
    agent = {"agent": json.dumps(ANN)}
    person = lms.call("GET", "xapi/agents", agent).json
    assert person["mbox"] == [ANN["mbox"]]
    return person.get("name", []), len(lms.data("agents", **agent)), len(lms.data("persons", **agent))


def terms(lms: Lms) -> object:
    """How many verbs, types of activities and usage types are known."""
    usage = {**FILE, "fileUrl": "http://example.org/file"}
    lms.recorded(named(1, "en") | {"attachments": [usage]})
    services = ("verbs", "activity-types", "attachment-usage-types")
    return [len(lms.data(service)) for service in services]


def ids_of_activities(lms: Lms) -> object:
    lms.recorded(statement(1))
    return [each["id"] for each in lms.data("activity-ids", search="http://example.org/cou")]


def ids_of_agents(lms: Lms) -> object:
    lms.recorded(statement(1, actor=ANN))
    return [each["id"] for each in lms.data("agent-ids", search="ann@")]


def what_refers_to_a_match(lms: Lms) -> object:
    """Statements by their numbers, found through xAPI and through the Data API."""
    lms.recorded(statement(1))
    lms.recorded(refers(2, 1))
    lms.recorded(refers(4, 3))
    lms.recorded(statement(3))
    in_data = [int(each["id"][-12:]) for each in lms.data("statements", verb=DID)]
    assert lms.found(verb=DID) == in_data
    return in_data


def what_is_recorded_of_an_agent(lms: Lms) -> object:
    """The option is for pushes alone: what is recorded stays as it came."""
    lms.recorded(statement(1, actor=ANN))
    return lms.read(1)["actor"], [each["pseudonymized"] for each in lms.data("statements")]


def the_authority(lms: Lms) -> object:
    lms.recorded(statement(1))
    authority = lms.read(1)["authority"]
    assert authority["objectType"] == "Agent"
    return authority["account"]


@dataclass(frozen=True)
class Row:
    """What is looked at, and what is seen with each value of the option."""

    look: Callable[[Lms], object]
    seen: tuple[tuple[object, object], tuple[object, object]]


ROWS = {
    "validate_statements": Row(an_invalid_statement, ((True, (400, [])), (False, (200, [(False, None)])))),
    "check_conflicts": Row(the_same_id_with_other_content, ((True, (409, DID)), (False, (200, OTHER)))),
    "record_attachments": Row(an_attachment, ((True, [BYTES]), (False, []))),
    "void_statements": Row(
        targets_of_voiding_statements, ((True, [(404, 200)] * 2), (False, [(200, 404)] * 2))
    ),
    "update_activities": Row(definitions_of_an_activity, ((True, (["de", "en"], 1)), (False, ([], 0)))),
    "update_agents": Row(names_of_an_agent, ((True, (["Ann", "Annie"], 1, 1)), (False, ([], 0, 0)))),
    "update_vocab": Row(terms, ((True, [1, 1, 1]), (False, [0, 0, 0]))),
    "update_activity_ids": Row(ids_of_activities, ((True, [COURSE]), (False, []))),
    "update_agent_ids": Row(ids_of_agents, ((True, [ANN]), (False, []))),
    "query_targeting": Row(what_refers_to_a_match, ((True, [3, 4, 2, 1]), (False, [3, 1]))),
    "pseudonymize_statements": Row(
        what_is_recorded_of_an_agent, ((True, (ANN, [False])), (False, (ANN, [False])))
    ),
    "authority_name": Row(
        the_authority,
        (("Campus", {"homePage": HOME, "name": "Campus"}), ("", {"homePage": HOME, "name": NAME})),
    ),
    "authority_homepage": Row(
        the_authority,
        (
            ("https://campus.example", {"homePage": "https://campus.example", "name": NAME}),
            ("", {"homePage": HOME, "name": NAME}),
        ),
    ),
}
CASES = [
    pytest.param(name, value, row.seen[1 - place][0], expected, id=f"{name}={value or 'off'}")
    for name, row in ROWS.items()
    for place, (value, expected) in enumerate(row.seen)
]
cases = pytest.mark.parametrize(("name", "value", "other", "expected"), CASES)


def test_every_option_stands_in_the_table() -> None:
    assert list(ROWS) == [field.name for field in fields(PipelineOptions)]


@cases
def test_the_client_s_own(name: str, value: object, other: object, expected: object) -> None:
    lms = Lms({name: value}, LRS_PIPELINE_DEFAULTS=json.dumps({name: other}))
    assert lms.pipeline[name] == value
    assert ROWS[name].look(lms) == expected


@cases
def test_the_deployment_s_where_the_client_leaves_it_open(
    name: str, value: object, other: object, expected: object
) -> None:
    lms = Lms({}, LRS_PIPELINE_DEFAULTS=json.dumps({name: value}))
    assert lms.pipeline[name] == value
    assert ROWS[name].look(lms) == expected


@cases
def test_what_the_deployment_forces_whatever_the_client_says(
    name: str, value: object, other: object, expected: object
) -> None:
    lms = Lms(
        {name: other},
        LRS_PIPELINE_DEFAULTS=json.dumps({name: other}),
        LRS_PIPELINE_FORCED=json.dumps({name: value}),
    )
    assert lms.pipeline[name] == value
    assert ROWS[name].look(lms) == expected


@pytest.mark.parametrize("name", ROWS)
def test_by_default_an_option_is_as_documented(name: str) -> None:
    lms = Lms({})
    assert lms.pipeline[name] == getattr(PipelineOptions(), name)
    assert ROWS[name].look(lms) == dict(ROWS[name].seen)[lms.pipeline[name]]


def test_a_change_of_an_option_holds_for_what_is_recorded_from_then_on() -> None:
    lms = Lms({"authority_name": "Before"})
    lms.recorded(statement(1))
    changed = lms.site.call(
        "PUT", "/lrs/admin/access/clients/lms", "admin", {"pipeline": {"authority_name": "After"}}
    )
    assert changed.status == 200
    lms.recorded(statement(2))
    assert [lms.read(number)["authority"]["account"]["name"] for number in (1, 2)] == ["Before", "After"]


@cases
def test_the_sweep_ends_what_a_client_left_by_the_same_options(
    name: str, value: object, other: object, expected: object
) -> None:
    """It reads them anew: nobody called."""
    lms = Lms({name: other}, LRS_PIPELINE_FORCED=json.dumps({name: value}))
    assert getattr(JoinedLrs.options_of(lms.site.world, "lms"), name) == value
    assert getattr(JoinedLrs.options_of(lms.site.world, "deleted meanwhile"), name) == value


@pytest.mark.parametrize("setting", ["LRS_PIPELINE_DEFAULTS", "LRS_PIPELINE_FORCED"])
@pytest.mark.parametrize(
    "options",
    [
        '{"authority_homepage": "no address"}',
        '{"void_statements": "yes"}',
        '{"void": true}',
        '{"authority_name": true}',
        '["void_statements"]',
        "{",
    ],
)
def test_a_deployment_that_sets_what_no_client_may_is_refused(setting: str, options: str) -> None:
    with pytest.raises(SettingsError, match=setting):
        Lms({}, **{setting: options})
