"""Under the global block scope the first failure holds up everything after it, as it is documented."""

from pathlib import Path

import pytest

from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.contract import as_text, documented, send
from tests.end_to_end.file_server import FileServer
from tests.end_to_end.system import System, entry, eventually

_SAMPLES = Path(__file__).resolve().parents[1] / "data" / "delta"
_PATH = "/data/test.TestHandleSyncRequestMix.json"
_AFTER = ("12411172", "12411182")
_MISSING = ("12411112", "12411122", "12411132", "12411142", "12411152", "12411162", "12411212", "12411222")


def counts(system: System, name: str) -> dict[str, int]:
    file = system.progress(name)
    assert file is not None
    return {state: count for state, count in file.counts.items() if count}


@pytest.fixture(scope="module")
def blocked(local_stack: LocalStack, file_server: FileServer) -> System:
    """The first sample, then the documented one, whose second entry fails."""
    system = local_stack.with_settings(BlockScope="global")
    system.forget_articles(["12411116", *_MISSING, *_AFTER])
    assert system.finished(system.drop((_SAMPLES / "00-base.json").read_bytes())).state == "succeeded"
    file_server.put(_PATH, (_SAMPLES / "02-first-failure-blocks.json").read_bytes())
    url = file_server.localhost_url + _PATH
    system.submit(url)
    assert system.finished(url).state == "failed"
    assert counts(system, url) == {"succeeded": 1, "failed": 1, "blocked": 11}
    return system


def test_the_failed_articles_are_the_documented_ten(blocked: System) -> None:
    assert as_text(send(blocked.api, "Failed Articles")) == documented("Failed Articles")


def test_the_first_failure_is_the_documented_one(blocked: System, file_server: FileServer) -> None:
    found = as_text(send(blocked.api, "Failed Job"))
    assert found == documented("Failed Job", file_server.localhost_url + "/")


def test_nothing_after_the_first_failure_was_applied(blocked: System) -> None:
    assert {number: blocked.article(number) for number in _AFTER} == dict.fromkeys(_AFTER)


def test_a_later_file_stands_behind_the_failure_and_a_retry_runs_all_in_order(
    blocked: System, file_server: FileServer
) -> None:
    name = blocked.drop([entry("add-article", "12411192", F_3="behind")])
    assert blocked.finished(name).counts["blocked"] == 1
    # By the API, because every delta file stands behind the failure.
    for number in _MISSING:
        assert blocked.api.post("articles", {"F_1": "12411116", "customNumber": number}).status == 200
    assert blocked.api.post("jobs/retry", {}).status == 202
    # The one entry that adds what is there now fails, and holds up what stands behind it.
    url = file_server.localhost_url + _PATH
    expected = {"succeeded": 6, "failed": 1, "blocked": 6}
    eventually(f"the retry stopped there: {expected}", lambda: counts(blocked, url) == expected)
    blocked.api.get("articles/delete/12411112")
    blocked.api.post("jobs/retry", {"article": "12411222"})  # selects nothing less than everything
    eventually("everything has run", lambda: counts(blocked, name) == {"succeeded": 1})
    assert counts(blocked, url) == {"succeeded": 13}
    assert blocked.article("12411192") == {"id": "12411192", "F_1": "12411192", "F_3": "behind"}
    assert blocked.api.get("jobs/failedjobs").data is None
    assert blocked.api.get("jobs/failedarticles").data == []
