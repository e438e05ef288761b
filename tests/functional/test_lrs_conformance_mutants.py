"""Each check of the conformance runner is shown to work: a store broken in just its point fails it."""

from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from chalicelib.lrs.conformance import NoAnswer, Outcome, Response, plan, run_check
from chalicelib.lrs.versions import V1, V2, XapiVersion
from tests.functional.lrs_conformance import InProcess
from tests.functional.lrs_mutants import Broken, Mutation
from tests.functional.lrs_mutations import MUTATIONS

BOTH: tuple[XapiVersion, ...] = (V1, V2)
UNREADABLE = "could not be read"


def named(value: object) -> str | None:
    return f"{value.requirement} {value.name}" if isinstance(value, Mutation) else None


@pytest.mark.parametrize(
    ("mutation", "version"),
    [(mutation, version) for mutation in MUTATIONS for version in mutation.versions],
    ids=named,
)
def test_a_store_broken_in_one_point_fails_the_check_meant_for_it(
    mutation: Mutation, version: XapiVersion
) -> None:
    broken = Broken(mutation.breaks)
    checks = plan(version, mutation.requirement)
    failed = [outcome for check in checks if not (outcome := run_check(check, broken, version, "run")).passed]
    assert failed
    for outcome in failed:
        assert outcome.requirement == mutation.requirement
        assert "expected" in outcome.reason, outcome.reason
        assert UNREADABLE not in outcome.reason


@pytest.mark.parametrize("version", BOTH)
def test_a_store_that_is_not_broken_passes_on_the_same_way(version: XapiVersion) -> None:
    whole = Broken(lambda sent, forward: forward(sent))
    requirements = sorted({each.requirement for each in MUTATIONS if version in each.versions})
    for check in (check for requirement in requirements for check in plan(version, requirement)):
        assert run_check(check, whole, version, "run").reason == ""


def test_there_are_enough_mutations() -> None:
    assert len({(each.requirement, each.name) for each in MUTATIONS}) == len(MUTATIONS) >= 60
    assert len({each.requirement for each in MUTATIONS}) >= 60


class Parrot:
    """A store that gives every request the same answer."""

    endpoint = InProcess.endpoint

    def __init__(self, status: int, body: bytes) -> None:
        self._answer = Response(status, {"content-type": "application/json"}, body)
        self.requests = 0

    def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        self.requests += 1
        return self._answer


def all_outcomes(version: XapiVersion, parrot: Parrot) -> dict[str, Outcome]:
    return {check: run_check(check, parrot, version, "run") for check in plan(version)}


@pytest.mark.parametrize("version", BOTH)
def test_no_check_passes_in_a_store_that_refuses_all_and_in_one_that_takes_all(version: XapiVersion) -> None:
    refusing = all_outcomes(version, Parrot(400, b'{"message":"no"}'))
    taking = all_outcomes(version, Parrot(200, b'["7ccd3322-e1a5-411a-a67d-6a735c76f119"]'))
    assert [check for check in refusing if refusing[check].passed and taking[check].passed] == []


@pytest.mark.parametrize("version", BOTH)
def test_every_check_fails_in_a_store_that_is_out_of_order(version: XapiVersion) -> None:
    outcomes = all_outcomes(version, Parrot(502, b"Bad Gateway"))
    assert [check for check, outcome in outcomes.items() if outcome.passed] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b"[]",
        b"{}",
        b'{"statements":7}',
        b'{"statements":[7],"more":7}',
        b"\xff",
        b"[" * 5000,
    ],
)
def test_no_answer_ends_a_run(body: bytes) -> None:
    parrot = Parrot(200, body)
    outcomes = all_outcomes(V2, parrot)
    assert all(outcome.passed or outcome.reason for outcome in outcomes.values())
    assert parrot.requests < 60 * len(outcomes)


def test_a_store_that_does_not_answer_is_told_so() -> None:
    def silent(*_: object) -> Response:
        raise NoAnswer("no connection within 30 seconds.")

    store = SimpleNamespace(endpoint=InProcess.endpoint, request=silent)
    for check in plan(V1):
        outcome = run_check(check, store, V1, "run")
        assert outcome.reason == "No answer came: no connection within 30 seconds."


def test_pages_without_end_are_given_up() -> None:
    page = b'{"statements":[],"more":"/api/lrs/lms/stores/main/xapi/statements?cursor=1"}'
    parrot = Parrot(200, page)
    (check,) = plan(V1, "XAPI-00175")
    assert not run_check(check, parrot, V1, "run").passed
    assert parrot.requests < 130
