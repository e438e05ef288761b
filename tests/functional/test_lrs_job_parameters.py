"""Every row of the Jobs API's tables of parameters: present, missing, of the wrong type, out of range."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.lrs.jobs.machine import types
from chalicelib.lrs.jobs.machine.job_type import parameters_of
from chalicelib.lrs.jobs.machine.parameters import OF_THE_JOB
from tests.doubles.job_type_path import job_types_in
from tests.functional.gateway import Answer
from tests.functional.job_rows import COMMON, SOURCE, Row, connection, least, sent, site_of_jobs
from tests.functional.lrs_site import Site

EVERY_KIND = "counting"
LEAST: dict[str, object] = {
    "repeat": "now",
    "careful": True,
    "until": "now",
    "service": "agents",
    "store": "north",
}
OWN: dict[str, Row] = {
    "careful": Row((True, False), (0, 1, "true", "", [], {}), required=True),
    "items": Row((0, 1000), (-1, 1001, True, "7", 7.5, [7])),
    "colour": Row(("red", "green"), (7, True, "", "blue", "Red", ["red"])),
    "word": Row(("a", "x" * 20, "Straße"), (7, True, "", " ", "x" * 21, "a\x00", ["a"])),
    "address": Row(("https://example.org/a", "urn:isbn:1"), (7, True, "", "example.org", "http://", "a b")),
    "client": Row(("ada",), (7, True, "", "nobody", "id-ada", ["ada"])),
    "agent": Row(SOURCE["agent-deletion"]["agent"].right, SOURCE["agent-deletion"]["agent"].wrong),
    "connection": Row(("{connection}",), SOURCE["pull"]["connection"].wrong),
    "service": SOURCE["pull"]["service"],
    "store": SOURCE["clearing"]["store"],
    "until": SOURCE["pseudo"]["until"],
    "until_date": SOURCE["pseudo"]["until_date"],
    "dry_run": SOURCE["pseudo"]["dry_run"],
}
"""Those of a type that has parameters of every kind."""

TABLES = {**SOURCE, EVERY_KIND: OWN}
OF_THE_PROJECT = types.names()  # before tests add theirs
THERE = (EVERY_KIND, *SOURCE)
ROWS = [(kind, name) for kind in THERE for name in TABLES[kind]]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with job_types_in():
        yield site_of_jobs()


@pytest.fixture(scope="module")
def connection_id(site: Site) -> str:
    return connection(site)


def post(site: Site, kind: str, body: object) -> Answer:
    return site.call("POST", f"/lrs/ada/jobs/{kind}", "ada", body)


def faults(answer: Answer) -> dict[str, list[str]]:
    assert answer.status == 422, answer.text
    return dict(answer.json["errors"])


def jobs(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 201, answer.text
    data = answer.json["data"]
    return data if isinstance(data, list) else [data]


def check(site: Site, kind: str, body: dict[str, object], name: str, row: Row, connection_id: str) -> None:
    """Sends the parameter with all its values, null, and not at all."""
    body = {**body, **(row.with_ or {})}
    for value in row.right:
        value = sent(value, connection_id)
        for job in jobs(post(site, kind, {**body, name: value})):
            shown = job if name in (*OF_THE_JOB, *COMMON) else job["settings"]
            if name == "service" and value == "all":
                assert shown[name] in row.right[1:]
            elif (name, value) != ("time", "now") and not (name == "agent" and isinstance(value, str)):
                assert shown[name] == value
    for value in row.wrong:
        found = faults(post(site, kind, {**body, name: value}))
        assert list(found) == [name], value
        assert all(f"The {name}" in text and text.endswith(".") for text in found[name]), found
    required = row.required or (row.with_ is not None)
    for absent in ({**body, name: None}, {other: value for other, value in body.items() if other != name}):
        answer = post(site, kind, absent)
        if required:
            assert list(faults(answer)) == [name]
            assert " is required" in faults(answer)[name][0]
        else:
            assert jobs(answer)


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_a_parameter_is_as_the_source_says(kind: str, name: str, site: Site, connection_id: str) -> None:
    body = LEAST if kind == EVERY_KIND else least(kind, connection_id)
    check(site, kind, body, name, TABLES[kind][name], connection_id)


@pytest.mark.parametrize("name", COMMON)
def test_a_parameter_of_the_schedule(name: str, site: Site, connection_id: str) -> None:
    check(site, EVERY_KIND, LEAST, name, COMMON[name], connection_id)


def test_every_type_has_its_rows() -> None:
    assert set(OF_THE_PROJECT) == SOURCE.keys()


@pytest.mark.parametrize("kind", THERE)
def test_a_type_has_the_parameters_of_the_source_and_no_others(kind: str, site: Site) -> None:
    declared = parameters_of(types.job_type(kind))
    assert {name for each in declared for name in each.fields} == TABLES[kind].keys()
    required = {name for name, row in TABLES[kind].items() if row.required}
    assert {each.name for each in declared if each.required} == required
    assert all(each.description.endswith(".") for each in declared)


WITHOUT_A_STORE = {
    "validation": ["north", "south"],
    "pseudo": ["north", "south"],
    "clearing": ["north", "south"],
    "agent-deletion": ["north", "south"],
    "logs-deletion": None,
    "cmi5-tokens-deletion": None,
    "stores-deletion": "south",
}
"""The stores of the jobs that each type makes where none is named: a list of jobs, or one; others need a store."""


@pytest.mark.parametrize("kind", SOURCE)
def test_without_a_store_a_type_makes_what_the_source_says(kind: str, site: Site, connection_id: str) -> None:
    body = {name: value for name, value in least(kind, connection_id).items() if name != "store"}
    answer = post(site, kind, body)
    if kind not in WITHOUT_A_STORE:
        assert faults(answer) == {"store": ["The store field is required."]}
        return
    data = answer.json["data"]
    found = [job["store"] for job in data] if isinstance(data, list) else data["store"]
    assert found == WITHOUT_A_STORE[kind]


@pytest.mark.parametrize("kind", ["pull", "push", "clearing"])
def test_all_services_are_a_job_each(kind: str, site: Site, connection_id: str) -> None:
    made = jobs(post(site, kind, {**least(kind, connection_id), "service": "all"}))
    assert [job["service"] for job in made] == [
        *("statements", "activities", "agents", "activity-profiles", "agent-profiles", "states")
    ]


@pytest.mark.parametrize("kind", THERE)
def test_every_fault_of_a_type_is_told_at_once(kind: str, site: Site) -> None:
    rows = {name: row for name, row in TABLES[kind].items() if row.with_ is None}
    body = {name: row.wrong[0] for name, row in rows.items()} | {"repeat": "often", "colours": "red"}
    assert faults(post(site, kind, body)).keys() == body.keys()


def test_every_fault_is_told_at_once(site: Site) -> None:
    body = {name: row.wrong[0] for name, row in {**OWN, **COMMON}.items() if row.with_ is None}
    body |= {"minute": 99, "until_date": "never", "colours": "red", "id": "x"}
    assert faults(post(site, EVERY_KIND, body)).keys() == body.keys()


def test_what_is_missing_is_told_at_once(site: Site) -> None:
    assert faults(post(site, EVERY_KIND, {})).keys() == {"repeat", "careful", "service", "until"}
    assert faults(post(site, EVERY_KIND, {"repeat": "yearlyOn", "until": "date"})).keys() == {
        *("careful", "service", "until_date"),
        *("time", "month_day", "month"),
    }


def test_a_date_that_is_not_asked_for_is_right_all_the_same_and_not_kept(site: Site) -> None:
    answer = post(site, EVERY_KIND, {**LEAST, "until_date": "2026-01-31"})
    assert jobs(answer)[0]["settings"]["until_date"] is None
    assert list(faults(post(site, EVERY_KIND, {**LEAST, "until_date": "soon"}))) == ["until_date"]


def test_a_type_without_dates_does_not_know_them(site: Site) -> None:
    body = {"repeat": "now", "until": "date", "until_date": "2026-01-31"}
    assert faults(post(site, "tidying", body)).keys() == {"until", "until_date"}


def test_an_agent_may_be_json_in_a_string(site: Site) -> None:
    for agent in OWN["agent"].right[:2]:
        [job] = jobs(post(site, EVERY_KIND, {**LEAST, "agent": agent}))
        assert job["settings"]["agent"] == {"mbox": "mailto:ann@example.org"}


def test_faults_of_an_agent_name_their_place(site: Site) -> None:
    agent = {"account": {"homePage": "nowhere", "name": 7}}
    assert sorted(
        text.split()[1] for text in faults(post(site, EVERY_KIND, {**LEAST, "agent": agent}))["agent"]
    ) == [
        "agent.account.homePage",
        "agent.account.name",
    ]


@pytest.mark.parametrize(
    "agent", ['{"mbox": 1', '{"a":1,"a":2}', "x" * 10_001, {"name": "x" * 10_001}, "[" * 500]
)
def test_an_agent_that_cannot_be_read_is_refused(agent: object, site: Site) -> None:
    assert list(faults(post(site, EVERY_KIND, {**LEAST, "agent": agent}))) == ["agent"]


def test_a_type_that_runs_once_says_so(site: Site) -> None:
    body = {"store_id": "id-south", "repeat": "everyMinute"}
    assert faults(post(site, "closing", body)) == {
        "repeat": ["The repeat field must be one of now, on in jobs of this type."]
    }
    assert jobs(post(site, "closing", {**body, "repeat": "on", "date": "2030-01-01"}))[0]["store"] == "south"


def test_a_field_of_another_type_is_not_known(site: Site) -> None:
    body = {"repeat": "now", "until": "now", "dry_run": True, "service": "agents"}
    assert faults(post(site, "tidying", body)).keys() == {"dry_run", "service"}
    assert list(
        faults(post(site, "closing", {"repeat": "now", "store_id": "id-south", "store": "north"}))
    ) == ["store"]


def test_what_only_a_type_can_check_is_told_with_the_rest(site: Site) -> None:
    file = connection(site, "file")
    body = {"repeat": "often", "connection": file, "service": "agents", "store": "north"}
    assert faults(post(site, "fetching", body)).keys() == {"repeat", "service"}
