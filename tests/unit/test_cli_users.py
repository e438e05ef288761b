"""The commands for users as an operator meets them."""

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoRegionError

from chalicelib import passwords
from chalicelib.accounts.service import Accounts
from infra.cli import users
from infra.cli.account_store import open_store
from infra.cli.console import CommandFailed
from infra.local import description
from infra.local.errors import LocalStackError
from tests.doubles.accounts import FaultyAccounts, InMemoryAccounts

CREATE = ["admin", "create", "--email", "ada@example.org", "--name", "Ada"]


class Terminal(io.StringIO):
    """Standard input or output at a terminal."""

    def isatty(self) -> bool:
        return True


class StillClock:
    def now(self) -> float:
        return 1_700_000_000.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("no command waits")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> InMemoryAccounts:
    store = InMemoryAccounts()
    cost = passwords.ScryptCost(n=2, r=1, p=1)
    monkeypatch.setattr(users, "_accounts", lambda args: Accounts(store, StillClock(), cost))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return store


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    users.register(parser.add_subparsers(required=True))
    parsed = parser.parse_args(arguments)
    return parsed.run(parsed)


def lets_in(store: InMemoryAccounts, token: str) -> bool:
    return Accounts(store, StillClock()).authenticate(f"Bearer {token}").is_admin


def stored_hash(store: InMemoryAccounts) -> str:
    [user] = store.page().users
    return user.password_hash


def test_the_first_admin_gets_a_token_alone_on_standard_output(
    store: InMemoryAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*CREATE) == 0
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    assert lets_in(store, shown.out.strip())
    assert "Ada <ada@example.org> created" in shown.err
    assert shown.out.strip().split("|")[1] not in shown.err


def test_the_first_admin_in_json(store: InMemoryAccounts, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*CREATE, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["name", "email", "is_admin", "token"]
    assert answer["is_admin"] is True
    assert lets_in(store, answer["token"])


def test_a_password_comes_from_standard_input_as_it_is(
    store: InMemoryAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" correct horse \r\nsecond line\n"))
    assert run(*CREATE, "--password", "stdin") == 0
    assert passwords.verify_password(" correct horse ", stored_hash(store))


def test_at_a_terminal_the_password_is_asked_for_twice(
    store: InMemoryAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "correct horse")
    assert run(*CREATE) == 0
    assert asked == ["Password: ", "Again: "]
    assert passwords.verify_password("correct horse", stored_hash(store))


def test_two_different_passwords_create_nobody(
    store: InMemoryAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["correct horse", "correct hose"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    with pytest.raises(CommandFailed, match="differ"):
        run(*CREATE, "--password", "prompt")
    assert store.calls == []


def test_a_password_is_never_taken_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*CREATE, "--password", "correct horse")
    assert caught.value.code == 2


def test_every_fault_is_told_at_once(store: InMemoryAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandFailed) as caught:
        run("admin", "create", "--email", "ada", "--name", " ", "--password", "stdin")
    assert str(caught.value).splitlines() == [
        "The name field is required.",
        "The email field must be a valid email address.",
        "The password field must be at least 8 characters.",
    ]


def test_a_renewal_shows_the_new_token_alone(
    store: InMemoryAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*CREATE)
    old = capsys.readouterr().out.strip()
    assert run("token", "renew", "ADA@example.org", "--expires-in-days", "2") == 0
    new = capsys.readouterr().out.strip()
    assert new != old
    assert lets_in(store, new)
    [user] = store.page().users
    assert [token.expires_at for token in user.tokens] == [1_700_000_000.0 + 2 * 86400]


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "x", "1e9"])
def test_a_lifetime_that_is_no_number_of_days_is_wrong_usage(
    store: InMemoryAccounts, days: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("token", "renew", "ada@example.org", f"--expires-in-days={days}")
    assert "is not a number of days" in capsys.readouterr().err
    assert store.calls == []


def test_nobody_of_that_name_is_told(store: InMemoryAccounts) -> None:
    with pytest.raises(CommandFailed, match=r"User not found: bob@example\.org"):
        run("token", "renew", "bob@example.org")


def test_a_store_that_does_not_answer_is_told_with_its_reason(
    store: InMemoryAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Accounts(FaultyAccounts(store, 0, "throws"), StillClock())
    monkeypatch.setattr(users, "_accounts", lambda args: failing)
    with pytest.raises(CommandFailed, match=r"account store is not available .* \(told to fail\)"):
        run("users", "list")


def test_the_list_is_tab_separated_in_a_pipe(
    store: InMemoryAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*CREATE)
    capsys.readouterr()
    assert run("users", "list") == 0
    assert [line.split("\t") for line in capsys.readouterr().out.splitlines()] == [
        ["email", "name", "admin", "created", "tokens", "last used"],
        ["ada@example.org", "Ada", "yes", "2023-11-14T22:13:20Z", "1", "never"],
    ]


def test_the_list_stands_in_columns_at_a_terminal(
    store: InMemoryAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*CREATE)
    run("admin", "create", "--email", "a@b.c", "--name", "Somebody with a longer name")
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    run("users", "list")
    lines = screen.getvalue().splitlines()
    assert len({line.index(word) for line, word in zip(lines, ("admin", "yes", "yes"), strict=True)}) == 1


def test_a_name_cannot_steer_the_terminal(
    store: InMemoryAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    run("admin", "create", "--email", "a@b.c", "--name", "A\u202eda\u2028x")
    run("users", "list")
    shown = capsys.readouterr()
    assert "A?da?x" in shown.out
    assert "\u202e" not in shown.out + shown.err


def test_the_list_in_json_is_what_the_api_gives(
    store: InMemoryAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*CREATE)
    capsys.readouterr()
    run("users", "list", "--json")
    assert json.loads(capsys.readouterr().out) == Accounts(store, StillClock()).users()


# ---- which deployment


class FakeAws:
    """Stands for `boto3`: stacks with their outputs, and a note of every client made."""

    def __init__(self, outputs: dict[str, dict[str, str]]) -> None:
        self.outputs, self.made = outputs, []

    def client(
        self,
        service: str,
        config: object,
        endpoint_url: str | None = None,
        region_name: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
    ) -> "FakeAws":
        assert config is not None, "a command must not wait for ever"
        self.keys = (aws_access_key_id, aws_secret_access_key, region_name)
        self.made.append((service, endpoint_url))
        return self

    def describe_stacks(self, StackName: str) -> dict[str, object]:
        if StackName not in self.outputs:
            error = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        found = self.outputs[StackName].items()
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in found]}]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAws:
    aws = FakeAws({"lightrail-production": {"AccountsTableName": "prod-accounts"}, "old": {"Bucket": "b"}})
    monkeypatch.setattr("boto3.client", aws.client)
    monkeypatch.setenv("LIGHTRAIL_ROOT", str(tmp_path))
    monkeypatch.delenv("ACCOUNTS_TABLE", raising=False)
    return aws


def write_local_stack(path: Path, stack_name: str) -> None:
    description.write(
        path / "stack.json",
        description.Description(
            "http://l", "b", "http://l:1", "http://o", "eu-west-1", "id", "key", stack_name
        ),
    )


def test_a_stage_is_found_by_the_outputs_of_its_stack(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_TABLE", "another")
    assert open_store("production").table == "prod-accounts"
    assert aws.made == [("cloudformation", None), ("dynamodb", None)]


def test_a_named_table_needs_no_stack(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_TABLE", "my-accounts")
    assert open_store(None).table == "my-accounts"
    assert aws.made == [("dynamodb", None)]


def test_else_it_is_the_local_stack_with_its_own_keys(aws: FakeAws, tmp_path: Path) -> None:
    write_local_stack(tmp_path, "lightrail-production")
    assert open_store(None).table == "prod-accounts"
    assert aws.keys == ("id", "key", "eu-west-1")
    assert aws.made == [("cloudformation", "http://l:1"), ("dynamodb", "http://l:1")]


def test_a_deployment_that_is_not_there_is_told(aws: FakeAws, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="lightrail-staging does not exist"):
        open_store("staging")
    with pytest.raises(LocalStackError, match="make up"):
        open_store(None)
    write_local_stack(tmp_path, "")
    with pytest.raises(CommandFailed, match="make up"):
        open_store(None)
    write_local_stack(tmp_path, "old")
    with pytest.raises(CommandFailed, match="no output AccountsTableName"):
        open_store(None)


def test_no_credentials_or_region_is_told(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRegionError

    monkeypatch.setattr("boto3.client", refuse)
    with pytest.raises(CommandFailed, match="You must specify a region"):
        open_store("production")


def test_the_commands_stand_beside_the_others() -> None:
    from infra.cli.main import build_parser

    parsed = build_parser().parse_args(["users", "list", "--stage", "production"])
    assert isinstance(parsed.run, Callable)
    assert parsed.stage == "production"
