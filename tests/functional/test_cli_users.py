"""Users and tokens on the command line, with an administrator's token and nothing of AWS."""

import io
import json

import pytest

from infra.cli import connection, users
from infra.cli.api import Api, HttpAnswer, Refused
from infra.cli.console import CommandFailed, ExitCode
from tests.doubles.world import World
from tests.functional.cli_operator import URL, ApiOperator

CREATE = ("users", "create", "--email", "bob@example.org", "--name", "Bob")


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> ApiOperator:
    return as_caller(ApiOperator(World()), monkeypatch)


def as_caller(operator: ApiOperator, monkeypatch: pytest.MonkeyPatch) -> ApiOperator:
    monkeypatch.setenv(connection.URL, URL)
    monkeypatch.setenv(connection.TOKEN, operator.token)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def client(url: str, token: str, **_: object) -> Api:
        return Api(url, token, operator.transport, operator.world.fake_clock)

    monkeypatch.setattr(connection, "Api", client)
    return operator


def run(*arguments: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    users.register(parser.add_subparsers(required=True))
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code


def lets_in(operator: ApiOperator, token: str) -> bool:
    return operator.gateway.call("GET", "/v1/jobs/files", token=token).status == 200


def test_a_user_is_made_and_the_token_stands_alone_on_standard_output(
    operator: ApiOperator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*CREATE) == 0
    shown = capsys.readouterr()
    assert lets_in(operator, shown.out.strip())
    assert "Bob <bob@example.org> created." in shown.err
    [user] = [user for user in operator.services.accounts.users() if user["email"] == "bob@example.org"]
    assert user["is_admin"] is False


def test_the_same_in_json(operator: ApiOperator, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*CREATE, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert list(made) == ["name", "email", "is_admin", "token"]
    assert lets_in(operator, made["token"])


def test_every_fault_of_a_user_is_told(operator: ApiOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(Refused) as refused:
        run("users", "create", "--email", "bob", "--name", " ", "--password", "stdin")
    assert list(refused.value.errors) == ["name", "email", "password"]


def test_a_token_is_renewed(operator: ApiOperator, capsys: pytest.CaptureFixture[str]) -> None:
    run(*CREATE)
    old = capsys.readouterr().out.strip()
    assert run("token", "renew", "bob@example.org") == 0
    new = capsys.readouterr().out.strip()
    assert (lets_in(operator, old), lets_in(operator, new)) == (False, True)


def test_a_renewal_whose_answer_was_lost_is_not_made_twice(
    operator: ApiOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*CREATE)
    through = operator.transport
    lost = [True]

    def loses(method: str, url: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        answer = through(method, url, headers, body)
        if lost and lost.pop():
            raise OSError("reset")
        return answer

    monkeypatch.setattr(operator, "transport", loses)
    before = operator.services.accounts.users()
    with pytest.raises(Refused, match="its answer is not kept"):
        run("token", "renew", "bob@example.org")
    posts = [headers["Idempotency-Key"] for method, _, headers in operator.sent if method == "POST"]
    assert len(set(posts[1:])) == 1
    assert len(operator.services.accounts.users()) == len(before)


def test_the_list_is_that_of_the_api(operator: ApiOperator, capsys: pytest.CaptureFixture[str]) -> None:
    run(*CREATE)
    capsys.readouterr()
    assert run("users", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == operator.services.accounts.users()
    assert run("users", "list") == 0
    assert capsys.readouterr().out.splitlines()[0] == "email\tname\tadmin\tcreated\ttokens\tlast used"


def test_a_user_is_deleted_once_somebody_agrees(
    operator: ApiOperator, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*CREATE)
    token = capsys.readouterr().out.strip()
    with pytest.raises(CommandFailed, match="add --yes"):
        run("users", "delete", "bob@example.org")
    assert run("users", "delete", "bob@example.org", "--yes") == 0
    assert capsys.readouterr().out == "bob@example.org is deleted, all tokens are revoked.\n"
    assert not lets_in(operator, token)
    with pytest.raises(Refused, match="User not found"):
        run("users", "delete", "bob@example.org", "--yes", "--json")
    with pytest.raises(Refused, match="Admin users cannot be deleted"):
        run("users", "delete", "ann@example.org", "--yes")


def test_who_is_no_administrator_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    as_caller(ApiOperator(World(), admin=False), monkeypatch)
    with pytest.raises(Refused, match="not an administrator's") as refused:
        run("users", "list")
    assert refused.value.code == ExitCode.REFUSED


@pytest.mark.usefixtures("operator")
def test_the_api_sets_no_lifetime() -> None:
    for command in (CREATE, ("token", "renew", "bob@example.org")):
        with pytest.raises(CommandFailed, match="sets no lifetime") as failed:
            run(*command, "--expires-in-days", "2")
        assert failed.value.code == ExitCode.USAGE
