"""The conformance runner over the whole plan against this record store, in both versions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.lrs.conformance import (
    Outcome,
    Response,
    UnknownSection,
    clean,
    covered,
    plan,
    run_check,
    run_mark,
    uncovered,
)
from chalicelib.lrs.versions import V1, V2, XapiVersion
from tests.functional.lrs_conformance import InProcess

BOTH: tuple[XapiVersion, ...] = (V1, V2)


def failures(outcomes: list[Outcome]) -> dict[str, str]:
    return {each.check: each.reason for each in outcomes if not each.passed}


@pytest.mark.parametrize("version", BOTH)
def test_this_store_meets_every_requirement_also_when_a_run_is_repeated_and_cleaned_up(
    version: XapiVersion,
) -> None:
    store = InProcess()
    checks = plan(version)
    assert failures([run_check(check, store, version, "run") for check in checks]) == {}
    assert failures([run_check(check, store, version, "run") for check in checks]) == {}
    voided = 0
    while page := clean(store, version, "run"):
        voided += page
    assert voided > len(checks) // 4
    left = store.client.found(registration=run_mark("run"), limit=0)
    assert all(each["verb"]["id"].endswith("voided") for each in left)


def test_a_section_is_part_of_the_plan() -> None:
    whole = plan(V1)
    assert len(set(whole)) == len(whole)
    assert set(plan(V1, "Data 2.4.2")) == set(plan(V1, "4.2.2.1")) < set(plan(V1, "data")) < set(whole)
    assert [check.partition(".")[0] for check in plan(V2, "xapi-00034")] == ["XAPI-00034"]
    assert plan(V1, whole[0]) == [whole[0]]


@pytest.mark.parametrize("section", ["XAPI-99999", "Data 9", "Dat", "", "XAPI-00095"])
def test_a_section_that_is_none_is_told(section: str) -> None:
    with pytest.raises(UnknownSection, match="is neither a requirement"):
        plan(V1, section)


@pytest.mark.parametrize("version", BOTH)
def test_what_is_not_covered_says_why(version: XapiVersion) -> None:
    shown, missing = covered(version), uncovered(version)
    assert {one.id for one in shown} == {check.partition(".")[0] for check in plan(version)}
    assert {one.id for one in shown} & {one.id for one in missing} == set()
    assert all(one.not_covered for one in missing)
    assert len(shown) >= 300


def test_a_check_that_is_no_longer_there_fails() -> None:
    outcome = run_check("XAPI-00001.gone", InProcess(), V1, "run")
    assert (outcome.passed, outcome.requirement) == (False, "XAPI-00001")
    assert outcome.reason == "This release has no such check."


class Lagging(InProcess):
    """A store that shows what it took only after a second was waited."""

    waited = 0.0

    def wait(self, seconds: float) -> None:
        self.waited += seconds

    def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        came = super().request(method, path, query, headers, body)
        late = method == "GET" and self.waited < 2
        return Response(404, came.headers, b"not yet") if late else came


def test_a_store_that_lags_is_tried_again() -> None:
    (check,) = plan(V2, "XAPI-00146")
    store = Lagging()
    assert not run_check(check, store, V2, "run").passed
    assert not run_check(check, store, V2, "run", attempts=2, pause=store.wait).passed
    assert run_check(check, store, V2, "run", attempts=3, pause=store.wait).passed
    assert store.waited == 2


def test_a_failure_says_what_was_sent_what_was_expected_and_what_came() -> None:
    class Broken(InProcess):
        def request(self, *sent: Any) -> Response:
            return replace(super().request(*sent), status=200, body=b"[" + b"7," * 9999 + b"7]")

    (check,) = plan(V2, "XAPI-00145")
    outcome = run_check(check, Broken(), V2, "run")
    assert (outcome.requirement, outcome.section) == ("XAPI-00145", "4.1.6.1")
    assert outcome.reason.startswith('PUT /statements with {"id": "')
    assert ": expected status 400 (statementId is missing); came status 200, [7,7,7" in outcome.reason
    assert len(outcome.reason) < 2100
