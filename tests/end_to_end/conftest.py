"""One local stack of its own for the whole stage, and the application deployed on it as a module asks for it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra.local.application import put_up
from infra.local.progress import SilentReport
from infra.local.stack import Stack
from tests.end_to_end.file_server import FileServer
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.system import System

ROOT = Path(__file__).resolve().parents[2] / ".local" / "test"
# What a module does not name is as a developer's local stack has it.
_DEFAULTS = {"BlockScope": "article", "EntriesPerMessage": "25"}


class LocalStack:
    """The stack of the tests; deploying again what is there costs about a second."""

    def __init__(self) -> None:
        self._report = SilentReport()
        self._now: tuple[bool, Mapping[str, str]] | None = None
        self._system: System | None = None
        with Stack(ROOT).lock():
            Stack(ROOT).clean()

    def with_settings(self, *, enforce_roles: bool = False, **parameters: str) -> System:
        """The application deployed with these parameters of the stack, every queue quiet and every list empty."""
        wanted = (enforce_roles, _DEFAULTS | parameters)
        if self._system is None or self._now != wanted:
            if self._system:
                self._system.forget_jobs()  # under the settings with which it was sent
            stack = Stack(ROOT, enforce_roles=enforce_roles, report=self._report)
            self._system = System(put_up(stack, self._report, wanted[1]))
            self._now = wanted
        self._system.forget_jobs()
        return self._system

    def restart(self) -> System:
        """Stop everything, and start it again."""
        assert self._now
        self.stop()
        enforce_roles, parameters = self._now
        stack = Stack(ROOT, enforce_roles=enforce_roles, report=self._report)
        self._system = System(put_up(stack, self._report, parameters))
        return self._system

    def stop(self) -> None:
        """Stop both servers; what they stored stays."""
        stack = Stack(ROOT)
        with stack.lock():
            stack.down()


@pytest.fixture(scope="session")
def local_stack() -> Iterator[LocalStack]:
    stack = LocalStack()
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    """The application as a developer's local stack has it."""
    return local_stack.with_settings()


@pytest.fixture(params=["1.0", "2.0"])
def lrs(system: System, request: pytest.FixtureRequest) -> LrsCaller:
    """The ready client of the record store for each version of xAPI; its store holds what earlier tests recorded."""
    (ready,) = [each for each in system.description.lrs if each.xapi_version == request.param]
    return LrsCaller(ready)


@pytest.fixture(scope="session")
def file_server() -> Iterator[FileServer]:
    with FileServer().running() as server:
        yield server
