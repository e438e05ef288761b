"""The commands for stores and clients of the record store as an operator meets them."""

import argparse
import io
import json
from typing import Any

import pytest

from chalicelib.lrs.access.basic import basic_value
from chalicelib.lrs.access.effective import EffectiveOptions
from chalicelib.lrs.access.guard import Guard
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.access.service import Access
from chalicelib.passwords import ScryptCost
from infra.cli import lrs
from infra.cli.access_desk import AccessDesk, open_access
from infra.cli.console import CommandFailed
from infra.cli.stack_outputs import StackFacts
from infra.local import description
from tests.doubles.access_store import InMemoryAccess
from tests.doubles.clock import FakeClock

CHEAP = ScryptCost(n=2, r=1, p=1)
ROOT = "https://abc.example.com/api"


class Desk:
    """The record store of a deployment, and its command line."""

    def __init__(self) -> None:
        self.store = InMemoryAccess()
        self.asked_for: list[str | None] = []

    def run(self, *arguments: str) -> int:
        parser = argparse.ArgumentParser()
        lrs.register(parser.add_subparsers(required=True), self.opened)
        parsed = parser.parse_args(["lrs", *arguments])
        return int(parsed.run(parsed))

    def opened(self, stage: str | None) -> AccessDesk:
        self.asked_for.append(stage)
        return AccessDesk(Access(self.store, FakeClock(), EffectiveOptions(), CHEAP), ROOT)

    def lets_in(self, username: str, password: str, client: str = "lms", store: str = "main") -> Principal:
        guard = Guard(self.store, lambda: pytest.fail("no token is meant"), EffectiveOptions(), CHEAP)
        return guard.authenticate(f"Basic {basic_value(username, password)}", client, store)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return Desk()


@pytest.fixture
def ready(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Desk:
    """With the store `main` and its client `lms`."""
    assert desk.run("stores", "add", "main") == 0
    assert desk.run("clients", "add", "lms", "--store", "main", "--permission", "all") == 0
    capsys.readouterr()
    return desk


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def lines(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.splitlines())


def test_the_first_store_and_client_are_made_here(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.run("stores", "add", "main", "--timezone", "Europe/Paris", "--xapi-version", "1.0")
    assert lines(capsys.readouterr().out)["Timezone"] == "Europe/Paris"
    desk.run("clients", "add", "lms", "--store", "main", "--permission", "all", "--username", "ada")
    shown = capsys.readouterr()
    told = lines(shown.out)
    assert told["Base endpoint"] == f"{ROOT}/lrs/lms"
    assert told["Store endpoint"] == f"{ROOT}/lrs/lms/stores/main"
    assert told["xAPI endpoint"] == f"{ROOT}/lrs/lms/stores/main/xapi"
    assert told["cmi5 endpoint"] == f"{ROOT}/lrs/lms/stores/main/cmi5/tokens"
    assert told["Username"] == "ada"
    assert "shown this once" in shown.err
    principal = desk.lets_in("ada", told["Password"])
    assert principal.permissions == set(PERMISSIONS)
    assert principal.xapi_version == "1.0.3"


def test_a_generated_password_is_shown_once(ready: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ready.run("clients", "password", "lms", "--json")
    password = answer(capsys)["password"]
    assert ready.lets_in("lms", password).client == "lms"
    for arguments in (("show", "lms"), ("show", "lms", "--json"), ("list",), ("list", "--json")):
        ready.run("clients", *arguments)
        shown = capsys.readouterr()
        assert password not in shown.out + shown.err
        assert "password" not in shown.out.lower()


def test_a_given_password_is_not_shown_at_all(
    ready: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("battery staple\n"))
    ready.run("clients", "password", "lms", "--password", "stdin")
    shown = capsys.readouterr()
    assert "battery staple" not in shown.out + shown.err
    assert ready.lets_in("lms", "battery staple").client == "lms"


def test_a_password_is_never_taken_from_the_command_line(ready: Desk) -> None:
    with pytest.raises(SystemExit) as caught:
        ready.run("clients", "password", "lms", "--password", "battery staple")
    assert caught.value.code == 2


def test_what_a_client_may_do_is_named(ready: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["xapi/state", "xapi/statements/write"]
    ready.run(
        "clients",
        "add",
        "au",
        "--store",
        "main",
        "--permission",
        names[0],
        "--permission",
        names[1],
        "--json",
    )
    assert sorted(name for name, on in answer(capsys)["permissions"].items() if on) == names
    with pytest.raises(SystemExit):
        ready.run("clients", "add", "two", "--store", "main", "--permission", "everything")
    with pytest.raises(SystemExit):
        ready.run("clients", "add", "two", "--store", "main")
    assert len(ready.store.clients()) == 2


def test_every_fault_is_told_at_once(desk: Desk) -> None:
    with pytest.raises(CommandFailed) as caught:
        desk.run("clients", "add", "a b", "--store", "nowhere", "--permission", "all")
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(CommandFailed, match="time zone"):
        desk.run("stores", "add", "main", "--timezone", "Mars/Base")


def test_lists_have_a_line_each(ready: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ready.run("stores", "list")
    assert capsys.readouterr().out.splitlines()[2].split("\t")[:3] == ["main", "main", "ready"]
    ready.run("clients", "list")
    assert capsys.readouterr().out.splitlines()[2].split("\t")[:6] == [
        "lms",
        "lms",
        "main",
        "basic-http",
        "lms",
        "all",
    ]
    ready.run("stores", "list", "--json")
    assert [store["slug"] for store in answer(capsys)] == ["main"]
    ready.run("stores", "show", "main", "--json")
    assert answer(capsys)["status"] == "ready"


def test_a_client_is_deleted_when_that_is_meant(ready: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandFailed, match="add --yes"):
        ready.run("clients", "delete", "lms")
    assert len(ready.store.clients()) == 1
    ready.run("clients", "delete", "lms", "--yes")
    assert capsys.readouterr().out == "The client lms is deleted.\n"
    assert len(ready.store.clients()) == 0
    with pytest.raises(CommandFailed, match="Client not found: lms"):
        ready.run("clients", "delete", "lms", "--yes")


def test_a_stage_is_passed_on(ready: Desk) -> None:
    ready.run("stores", "list", "--stage", "production")
    assert ready.asked_for[-1] == "production"


# ---- which deployment

OUTPUTS = {"AccessTableName": "prod-access", "EndpointURL": "https://abc.example.com/api/"}


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = dict(OUTPUTS)
    facts = StackFacts(found, {})
    monkeypatch.setattr("infra.cli.access_desk.find_stack", lambda stage: (lambda service: None, facts))
    return found


def test_a_stage_has_the_address_of_its_stack(outputs: dict[str, str]) -> None:
    assert open_access("production").root == "https://abc.example.com/api"


def test_the_local_stack_has_its_own_address(
    outputs: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("LIGHTRAIL_ROOT", str(tmp_path))
    found = description.Description(
        "http://l:1", "b", "http://l:1", "http://o", "eu-west-1", "id", "key", "x"
    )
    description.write(tmp_path / "stack.json", found)
    assert open_access(None).root == "http://l:1/api"


@pytest.mark.parametrize("missing", OUTPUTS)
def test_a_stack_of_an_older_release_is_told(outputs: dict[str, str], missing: str) -> None:
    del outputs[missing]
    with pytest.raises(CommandFailed, match=f"no output {missing}"):
        open_access("production")
