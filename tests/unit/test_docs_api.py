"""The documents of the API and the settings tell all that there is and nothing that there is not."""

from collections.abc import Iterator
from typing import Any

from chalicelib.accounts import users
from chalicelib.adapters import address_guard
from chalicelib.articles import delta_unpack, document, operations, submission
from chalicelib.settings import Settings
from chalicelib.web import (
    delta_submission,
    delta_urls,
    error_map,
    job_resource,
    job_selection,
    openapi,
    paging,
    reading,
    refusals,
    routing,
)
from infra.template import api, functions, parameters
from tests.documents import code, named, once, table

REQUIRED = {
    "LEDGER_TABLE": "ledger",
    "ACCOUNTS_TABLE": "accounts",
    "RECORDS_TABLE": "records",
    "ACCESS_TABLE": "access",
    "JOBS_TABLE": "jobs",
    "BUCKET": "bucket",
    "FILE_QUEUE_URL": "https://queue",
    "ARTICLE_QUEUE_URL": "https://queue",
    "MAINTENANCE_QUEUE_URL": "https://queue",
    "PARKING_QUEUE_URL": "https://queue",
    "JOB_QUEUE_URL": "https://queue",
    "OPENSEARCH_URL": "https://search",
}


class ReadEnvironment(dict[str, str]):
    """An environment that remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__(REQUIRED)
        self.asked: list[str] = []

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.append(name)
        return super().get(name, default)


def test_every_call_stands_in_the_api_document_with_who_may_make_it() -> None:
    documented = {code(row["call"])[0]: row["who"] for row in table("api.md", "Calls")}
    assert documented == {
        f"{route.method} /api{route.path}": route.audience.value for route in routing.ROUTES
    }


def test_every_status_that_a_client_may_see_stands_in_the_api_document() -> None:
    own = {status for route in routing.ROUTES for status in openapi.statuses(route)}
    own |= {status for _, status in error_map._STATUSES}
    own |= {kind.status for kind in refusals.Refusal.__subclasses__()} | {204}
    gateway = {status for status, _, _ in api.RESPONSES.values() if status}
    documented = [int(row["status"]) for row in table("api.md", "Statuses")]
    assert documented == sorted(own | gateway)


def test_messages_of_the_job_calls_are_those_of_their_answers() -> None:
    documented = {code(row["call"])[0]: code(row["message"]) for row in table("api.md", "Jobs")}
    served = {}
    for route in routing.ROUTES:
        schema = route.success.schema.get("properties", {}).get("message", {})
        if route.tag == "Job" and route.method == "GET" and not route.mutates:
            served[route.path.removeprefix("/v1/")] = _messages(schema)
    assert documented == served


def _messages(schema: Any) -> list[str]:
    if "pattern" in schema:
        return [schema["pattern"].strip("^$").replace(r" \([0-9]+\)", " (N)")]
    return list(schema["enum"]) if "enum" in schema else [schema["const"]]


def test_every_command_over_the_jobs_is_described() -> None:
    documented = once(named(table("api.md", "Clear, flush, retry"), "call"))
    served = {route.path.removeprefix("/v1/") for route in routing.ROUTES if route.tag == "Job"}
    assert documented == served - once(named(table("api.md", "Jobs"), "call"))


def test_what_drops_jobs_stands_there_with_what_it_drops() -> None:
    documented = {}
    for row in table("api.md", "Drop jobs"):
        documented |= dict.fromkeys(code(row["`state`"]), tuple(code(row["drops"])))
    assert documented == {state: states for state, (_, states) in job_resource.DROPPED.items()}


def test_every_filter_of_jobs_and_every_state_stands_there() -> None:
    rows = {code(row["filter"])[0]: row["finds"] for row in table("api.md", "Find jobs")}
    [route] = [route for route in routing.ROUTES if (route.method, route.path) == ("GET", "/v1/jobs")]
    assert [*rows, "cursor", "limit"] == [parameter.name for parameter in route.parameters]
    assert tuple(code(rows["state"])) == job_resource.STATES


def test_operations_of_delta_files_stand_there_with_the_text_of_their_failure() -> None:
    documented = {}
    for row in table("api.md", "Operations"):
        for name in code(row["operation"]):
            documented[name] = code(row["fails with"])[0]
    told = {}
    for name in (*operations.OPERATIONS, *operations._ALIASES):
        canonical = operations.canonical_operation(name)
        assert canonical is not None
        stored = {"id": "N", "F_1": "N", "F_2": "other"} if canonical == "add-article" else None
        result = operations.apply_operation(canonical, "N", {}, stored)
        assert isinstance(result, operations.Failed)
        told[name] = result.text
    assert documented == told


def test_limits_are_those_of_the_code() -> None:
    settings = Settings.from_environment(REQUIRED)
    mebibyte = 1024 * 1024
    assert {row["limit"]: row["value"] for row in table("api.md", "Limits")} == {
        "body of a call": f"{reading.BODY_BYTES:,} bytes",
        "article number": f"{document.NUMBER_BYTES} bytes",
        "value": f"{document.VALUE_BYTES // 1024} KB",
        "article": f"{document.DOCUMENT_BYTES // 1024} KB",
        "URLs of one call": f"{delta_urls.URLS_PER_CALL}",
        "characters of a URL": f"{address_guard.MAX_URL:,}",
        "name, e-mail, password": f"{users.MAX_LENGTH} characters",
        "password, at least": f"{users.MIN_PASSWORD_LENGTH} characters",
        "ids of one retry": f"{job_selection.IDS_PER_CALL}",
        "items of a page": f"{paging.MOST_PER_PAGE}",
        "answer with a list": f"{paging.ANSWER_BYTES:,} bytes",
        "delta file, as it comes": f"{settings.fetch_max_bytes // mebibyte} MiB",
        "name of a delta file": f"{delta_submission.NAME_BYTES} bytes",
        "a link to upload": f"{submission.LINK_SECONDS:,} s",
        "delta file, unpacked": f"{settings.fetch_max_unpacked_bytes // mebibyte:,} MiB",
        "unpacked over packed size, from 1 MiB on": f"{settings.fetch_max_ratio}",
        "entry of a delta file": f"{delta_unpack.Limits().max_entry_bytes // mebibyte} MiB",
    }


def test_every_environment_variable_stands_in_the_settings_with_its_default() -> None:
    environment = ReadEnvironment()
    settings = Settings.from_environment(environment)
    rows = {code(row["variable"])[0]: row for row in table("settings.md", "Environment variables")}
    assert list(rows) == environment.asked
    for name, row in rows.items():
        value = getattr(settings, name.lower())
        default = "required" if name in REQUIRED else f"`{_written(value)}`"
        assert row["default"] == default, name


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return (
        f"{value:g}"
        if isinstance(value, float)
        else str(value).lower()
        if value in (True, False)
        else str(value)
    )


def test_every_environment_variable_names_the_stack_parameter_that_sets_it() -> None:
    documented = {
        code(row["variable"])[0]: code(row["stack parameter"])
        for row in table("settings.md", "Environment variables")
    }
    given = functions.SETTINGS
    assert given.keys() <= documented.keys()
    for name, names in documented.items():
        set_by = [word for word in _references(given.get(name)) if word in parameters.PARAMETERS]
        assert names == set_by, name


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_every_stack_parameter_stands_in_the_settings_with_its_default() -> None:
    documented = {
        code(row["parameter"])[0]: "".join(code(row["default"]))
        for row in table("settings.md", "Stack parameters")
    }
    assert documented == {name: str(told["Default"]) for name, told in parameters.PARAMETERS.items()}
