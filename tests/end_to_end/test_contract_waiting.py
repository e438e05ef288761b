"""The documented calls about files that wait: accepted, and not yet worked on."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.contract import CALLS, FORMS, MIX, MIX_GZ, as_text, documented, send
from tests.end_to_end.system import System


@pytest.fixture(scope="module")
def held(system: System) -> Iterator[System]:
    """Files are accepted, and none is worked on."""
    with system.paused("file-worker"):
        yield system
        system.forget_jobs()


@pytest.mark.parametrize("form", FORMS)
def test_a_delta_update_is_accepted_as_documented(form: str, held: System) -> None:
    held.forget_jobs()
    answer = send(held.api, "Delta Update", form)
    assert answer.status == 200
    assert as_text(answer) == documented("Delta Update")
    urls = CALLS["Delta Update"]["request_example_clean"]["files"]
    assert held.api.get("jobs/files").data == urls


@pytest.mark.parametrize(("name", "url"), [("Job", MIX), ("Jobs", MIX), ("Files", MIX_GZ)])
def test_a_waiting_file_is_listed_as_documented(name: str, url: str, held: System) -> None:
    held.forget_jobs()
    held.submit(url)
    answer = send(held.api, name)
    assert answer.status == 200
    assert as_text(answer) == documented(name)


def test_a_cleared_file_is_never_fetched(held: System) -> None:
    held.submit(MIX)
    held.forget_jobs()
    assert held.api.get("jobs/files").data == []
    assert held.api.get("jobs/failedfiles").data == []
