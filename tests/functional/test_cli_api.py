"""How commands reach the API: which one, with which token, and what they make of its answers."""

import argparse
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra.cli import api, connection, jobs, main, operations
from infra.cli.api import Api, HttpAnswer, Refused, read_url
from infra.cli.console import CommandFailed, ExitCode
from infra.local import description
from infra.local.errors import LocalStackError
from tests.doubles.clock import FakeClock
from tests.doubles.world import World, entry
from tests.functional.cli_operator import URL, ApiOperator
from tests.unit.test_cli import DESCRIPTION


class Network:
    """A network that gives these answers, one after the other, and keeps what was sent."""

    def __init__(self, *answers: HttpAnswer | OSError) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Mapping[str, str]]] = []

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: api.Body) -> HttpAnswer:
        self.sent.append((method, url, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def ok(data: object = None) -> HttpAnswer:
    return HttpAnswer(200, {}, json.dumps({"status": "success", "message": "m", "data": data}).encode())


def opened(*answers: HttpAnswer | OSError) -> tuple[Api, Network, FakeClock]:
    network, clock = Network(*answers), FakeClock()
    return Api(URL, "1|secret", network, clock, "the stage"), network, clock


class TestCalls:
    def test_each_part_of_a_path_is_encoded(self) -> None:
        client, network, _ = opened(ok())
        client.get("articles", "a b/ü?", fields="F_1,F_2", q=None)
        [(method, url, headers)] = network.sent
        assert (method, url) == ("GET", f"{URL}/v1/articles/a%20b%2F%C3%BC%3F?fields=F_1%2CF_2")
        assert headers["Authorization"] == "Bearer 1|secret"
        assert "Idempotency-Key" not in headers

    @pytest.mark.parametrize(
        "fault",
        [
            OSError("reset"),
            HttpAnswer(503, {}),
            HttpAnswer(429, {"retry-after": "7"}),
            HttpAnswer(504, {}),
        ],
    )
    def test_a_post_is_sent_again_under_the_same_key(self, fault: HttpAnswer | OSError) -> None:
        client, network, clock = opened(fault, ok({"ticket": 1}))
        before = clock.now()
        assert client.post("jobs", "retry", body={}) == {"ticket": 1}
        first, again = (headers["Idempotency-Key"] for _, _, headers in network.sent)
        assert first == again
        waited = clock.now() - before
        assert waited == (7 if isinstance(fault, HttpAnswer) and fault.status == 429 else waited) > 0

    def test_the_call_that_is_still_running_after_its_answer_was_lost_is_waited_for(self) -> None:
        client, network, _ = opened(OSError("reset"), HttpAnswer(409), ok({"ticket": 1}))
        assert client.post("jobs", "retry") == {"ticket": 1}
        assert len(network.sent) == 3

    def test_two_posts_have_two_keys(self) -> None:
        client, network, _ = opened(ok(), ok())
        client.post("jobs", "retry")
        client.post("jobs", "retry")
        assert len({headers["Idempotency-Key"] for _, _, headers in network.sent}) == 2

    def test_who_never_answers_is_given_up(self) -> None:
        client, network, clock = opened(*[OSError("no route")] * 9)
        before = clock.now()
        with pytest.raises(CommandFailed, match=r"the stage does not answer \(no route\)"):
            client.get("jobs")
        assert len(network.sent) == 5
        assert clock.now() - before < 60

    def test_a_wait_that_is_asked_for_has_an_end(self) -> None:
        client, _, clock = opened(HttpAnswer(503, {"retry-after": "86400"}), ok())
        before = clock.now()
        client.get("jobs")
        assert clock.now() - before == 30

    @pytest.mark.parametrize("status", [301, 302, 400, 404, 409, 413, 422, 500])
    def test_a_refusal_is_final(self, status: int) -> None:
        body = {"status": "error", "message": "no", "data": None, "errors": {"a": ["The a.", "The b."]}}
        client, network, _ = opened(HttpAnswer(status, {}, json.dumps(body).encode()))
        with pytest.raises(Refused) as refused:
            client.get("jobs")
        assert len(network.sent) == 1
        assert (refused.value.status, refused.value.code) == (status, ExitCode.REFUSED)
        assert refused.value.as_json() == {
            "text": str(refused.value),
            "code": 5,
            "status": status,
            "message": "no",
            "errors": {"a": ["The a.", "The b."]},
        }
        assert "\n  The a.\n  The b." in str(refused.value)

    def test_what_is_no_answer_of_ours_is_told_as_such(self) -> None:
        for body in (b"<html>", b"[]", b"{}", b"\xff"):
            client, _, _ = opened(HttpAnswer(200, {}, body))
            with pytest.raises(CommandFailed, match="not answered by Lightrail"):
                client.get("jobs")
        client, _, _ = opened(HttpAnswer(500, {}, b"<html>"))
        with pytest.raises(Refused, match="no reason given"):
            client.get("jobs")

    def test_a_token_that_is_not_valid_says_what_may_be_wrong(self) -> None:
        operator = ApiOperator(World())
        operator.token = "1|wrong"
        with pytest.raises(Refused, match="revoked, expired, mistyped or of another deployment") as refused:
            operator.run(jobs, "jobs")
        assert "wrong" not in str(refused.value)


class TestNetwork:
    @pytest.fixture
    def server(self) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
        """A server whose /moved leads elsewhere; it keeps who asked for what."""
        asked: list[tuple[str, str | None]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers.get("Authorization")))
                moved = self.path.endswith("/moved")
                self.send_response(302 if moved else 404)
                if moved:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                return

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
            thread = threading.Thread(target=running.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{running.server_address[1]}", asked
            running.shutdown()
            thread.join()

    def test_the_token_follows_no_redirect(self, server: tuple[str, list[tuple[str, str | None]]]) -> None:
        url, asked = server
        with pytest.raises(Refused, match="302"):
            Api(url, "1|secret").get("moved")
        assert asked == [("/v1/moved", "Bearer 1|secret")]

    def test_a_refusal_comes_with_its_headers_and_body(
        self, server: tuple[str, list[tuple[str, str | None]]]
    ) -> None:
        answer = api.send("GET", f"{server[0]}/x", {})
        assert (answer.status, answer.body, answer.headers["content-length"]) == (404, b"{}", "2")

    def test_nobody_listening_is_an_error_of_the_network(self) -> None:
        with pytest.raises(OSError, match="refused"):
            api.send("GET", "http://127.0.0.1:1/", {})


class TestWhichApi:
    @pytest.fixture(autouse=True)
    def _nowhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in (connection.URL, connection.TOKEN):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("LIGHTRAIL_ROOT", str(tmp_path))

    def open(self, *options: str) -> Api:
        parser = argparse.ArgumentParser()
        connection.add_api_options(parser)
        return connection.open_api(parser.parse_args(options))

    def describe(self, tmp_path: Path) -> None:
        admin = description.Admin("a@example.org", "1|local")
        made = description.Description(**{**vars(DESCRIPTION), "admin": admin})
        description.write(tmp_path / "stack.json", made)

    def test_without_anything_the_local_stack_with_its_own_token(self, tmp_path: Path) -> None:
        self.describe(tmp_path)
        client = self.open()
        assert (client.url, client.name) == ("http://127.0.0.1:4566/api", "the local stack")
        assert client._token == "1|local"

    def test_without_a_local_stack_it_says_how_to_make_one(self) -> None:
        with pytest.raises(LocalStackError, match="make up"):
            self.open()

    def test_an_address_and_a_token_by_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(connection.URL, "https://host/api/v1/")
        monkeypatch.setenv(connection.TOKEN, " 2|mine\n")
        client = self.open()
        assert (client.url, client._token) == ("https://host/api", "2|mine")

    def test_options_go_before_the_environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(connection.URL, "https://other/api")
        monkeypatch.setenv(connection.TOKEN, "2|other")
        (tmp_path / "token").write_text("3|file\n")
        client = self.open("--url", "https://host/api", "--token-file", str(tmp_path / "token"))
        assert (client.url, client._token) == ("https://host/api", "3|file")

    def test_the_token_of_the_local_stack_goes_nowhere_else(self, tmp_path: Path) -> None:
        self.describe(tmp_path)
        with pytest.raises(CommandFailed, match="there is no token for https://host/api") as failed:
            self.open("--url", "https://host/api")
        assert failed.value.code == ExitCode.USAGE

    @pytest.mark.parametrize("content", ["", "\n", "1|a 2|b", "é"])
    def test_a_file_without_a_token_is_wrong_usage(self, content: str, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(content)
        with pytest.raises(CommandFailed, match="holds no token"):
            self.open("--url", "https://host", "--token-file", str(tmp_path / "token"))
        with pytest.raises(CommandFailed, match="cannot be read"):
            self.open("--url", "https://host", "--token-file", str(tmp_path / "none"))

    @pytest.mark.parametrize(
        "url", ["host/api", "ftp://host", "https://", "https://host/?a=1", "https://host/#a"]
    )
    def test_what_is_no_address_is_refused(self, url: str) -> None:
        with pytest.raises(CommandFailed, match="no address of an API"):
            read_url(url)

    def test_a_token_does_not_go_in_the_clear(self) -> None:
        with pytest.raises(CommandFailed, match="in the clear"):
            read_url("http://host/api")
        with pytest.raises(CommandFailed, match="user name"):
            read_url("https://user:word@host/api")
        assert read_url("http://127.0.0.1:4566/api") == "http://127.0.0.1:4566/api"


def test_a_failure_is_told_in_json_too_and_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1")])
    operator = ApiOperator(world)
    monkeypatch.setattr(main, "build_parser", lambda: _parser(operator))
    assert main.main(["jobs", "9", "--json"]) == 5
    shown = capsys.readouterr()
    told = json.loads(shown.out)["error"]
    assert (told["code"], told["status"], told["message"], told["errors"]) == (5, 404, "Job not found: 9", {})
    assert shown.err.startswith("lightrail: GET /v1/jobs/9 was refused (404): Job not found: 9")
    assert main.main(["jobs", "9"]) == 5
    assert capsys.readouterr().out == ""


def _parser(operator: ApiOperator) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root")
    commands = parser.add_subparsers(required=True)
    for module in (jobs, operations):
        module.register(commands, operator.open)
    return parser
