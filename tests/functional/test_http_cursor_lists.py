"""What all lists with a cursor have in common, whatever they list."""

import pytest

from chalicelib.web.cursors import PARAMETERS
from chalicelib.web.routing import ROUTES
from tests.functional.gateway import Gateway

LISTS = [route for route in ROUTES if PARAMETERS[0] in route.parameters]


def test_these_are_the_lists() -> None:
    assert {route.path for route in LISTS} == {"/v1/articles", "/v1/delta-files", "/v1/jobs", "/v1/exports"}


@pytest.mark.parametrize("path", [route.path for route in LISTS])
def test_nothing_to_list_is_an_empty_list_without_a_cursor(user: Gateway, path: str) -> None:
    answer = user.call("GET", path)
    assert answer.status == 200
    assert (answer.json["data"], answer.json["cursor"]) == ([], None)


@pytest.mark.parametrize("path", [route.path for route in LISTS])
def test_every_fault_of_what_is_asked_for_is_told_at_once(user: Gateway, path: str) -> None:
    answer = user.call("GET", f"{path}?limit=501&cursor=made-up&per_page=10")
    assert answer.status == 422
    assert answer.json["errors"].keys() - {"cursor"} == {"limit", "per_page"}
    answer = user.call("GET", f"{path}?limit=501&cursor=made-up")
    assert answer.json["errors"].keys() == {"limit", "cursor"}


@pytest.mark.parametrize("path", [route.path for route in LISTS])
@pytest.mark.parametrize("name", ["cursor", "limit"])
def test_what_stands_once_cannot_be_meant_twice(user: Gateway, path: str, name: str) -> None:
    answer = user.call("GET", f"{path}?{name}=5&{name}=6")
    assert answer.status == 422
    assert name in answer.json["errors"]
    assert answer.json["errors"].keys() <= {name, "cursor"}


@pytest.mark.parametrize("path", ["/v1/delta-files", "/v1/jobs"])
def test_two_states_are_not_one(user: Gateway, path: str) -> None:
    answer = user.call("GET", f"{path}?state=failed&state=cleared")
    assert answer.json["errors"] == {"state": ["The state field may be given once."]}
