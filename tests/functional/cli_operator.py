"""Runs commands of the command line against the application in this process, with the pipeline behind it in memory."""

import argparse
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any

from chalicelib.accounts.service import Accounts
from chalicelib.passwords import ScryptCost
from chalicelib.web.gateway import HttpApi
from infra.cli.api import Api, Body, HttpAnswer
from tests.doubles.deployment import step_on_sleep
from tests.doubles.export_world import ExportGround, ExportWorld
from tests.doubles.world import World
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import Lines

URL = "https://host/api"
BUCKET = "https://bucket.example.com/"


class WorldServices:
    """A `World` as the services of the application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.logger: Any = Lines()
        self.accounts = Accounts(world.accounts_double, world.fake_clock, ScryptCost(n=2, r=1, p=1))

    @cached_property
    def exporting(self) -> ExportGround:
        """What exports are made of, and the processes that make them."""
        return ExportGround(self.world.fake_clock)

    @property
    def exports(self) -> Any:
        return ExportWorld(self.exporting).exports

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world, name)


class ApiOperator:
    """Runs commands with a token of that deployment; `sent` has every request that left."""

    def __init__(self, world: World, live: bool = True, admin: bool = True, name: str = "ann") -> None:
        """`live`: the pipeline takes a step whenever a command sleeps. `admin`: whose token it is."""
        self.world, self.services = world, WorldServices(world)
        fields = {"name": name.title(), "email": f"{name}@example.org", "password": "long enough"}
        _, token = self.services.accounts.create_user(fields, admin=admin)
        self.token = token.reveal()
        self.gateway = Gateway(HttpApi("lightrail", self.services))
        self.sent: list[tuple[str, str, Mapping[str, str]]] = []
        self.failing: list[HttpAnswer | OSError] = []
        """Answers of a gateway or network in between, which come first."""
        self.failing_fetches: list[bytes | Exception] = []
        """What comes behind the first bytes of a download, or breaks it off."""
        if live:
            step_on_sleep(world)
            self._export_on_sleep()

    def run(self, module: ModuleType, *arguments: str) -> int:
        """Run a command of a module; its exit code. `SystemExit` on wrong usage."""
        parser = argparse.ArgumentParser()
        module.register(parser.add_subparsers(required=True), self.open)
        parsed = parser.parse_args(arguments)
        code: int = parsed.run(parsed)
        return code

    def open(self, _: argparse.Namespace) -> Api:
        return Api(URL, self.token, self.transport, self.world.fake_clock, "the local stack", self.fetch)

    def transport(self, method: str, url: str, headers: Mapping[str, str], body: Body) -> HttpAnswer:
        """The network: to the application, or to the bucket."""
        self.sent.append((method, url, headers))
        if self.failing:
            failed = self.failing.pop(0)
            if isinstance(failed, OSError):
                raise failed
            return failed
        raw = body if isinstance(body, bytes) or body is None else b"".join(body)
        if url.startswith(BUCKET):
            return self._put(url.removeprefix(BUCKET), headers, raw or b"")
        answer = self.gateway.call(method, url.removeprefix(URL), raw, headers)
        return HttpAnswer(answer.status, answer.headers, answer.body)

    def _put(self, target: str, headers: Mapping[str, str], data: bytes) -> HttpAnswer:
        """The bucket: takes what its link allows, and sends its notice."""
        key, _, query = target.partition("?")
        if "Authorization" in headers or f"length={len(data)}&" not in query:
            return HttpAnswer(403)
        assert int(headers["Content-Length"]) == len(data)
        self.world.announce(key, self.world.bucket.put(key, data))
        return HttpAnswer(200)

    def fetch(self, url: str) -> Iterator[bytes]:
        """The bucket: gives what its link leads to."""
        self.sent.append(("GET", url, {}))
        if self.failing_fetches:
            failed = self.failing_fetches.pop(0)
            yield b"part of it"
            if isinstance(failed, Exception):
                raise failed
            yield failed
            return
        yield from self.services.exporting.blobs.read(url.removeprefix(BUCKET).partition("?")[0])

    def _export_on_sleep(self) -> None:
        """From now on exports go on whenever a command sleeps."""
        clock, sleep, at_work = self.world.fake_clock, self.world.fake_clock.sleep, [False]

        def sleeps(seconds: float) -> None:
            sleep(seconds)
            if "exporting" in self.services.__dict__ and not at_work[0]:
                at_work[0] = True
                self.services.exporting.tick()
                while self.services.exporting.work():
                    pass
                at_work[0] = False

        clock.sleep = sleeps  # type: ignore[method-assign]
