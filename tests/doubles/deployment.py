"""A deployment for the operators' commands: the pipeline in memory, which goes on while a command waits."""

import argparse
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, BinaryIO

from infra.cli.deployed import Deployment
from infra.cli.queue_desk import PEEK_SECONDS, Depth, Parked, read_parked
from tests.doubles.queues import Received
from tests.doubles.world import World


@dataclass
class MemoryDesk:
    """Stands in for `infra.cli.queue_desk.QueueDesk`."""

    world: World
    hands: dict[str, Received] = field(default_factory=dict)

    def depths(self) -> list[Depth]:
        world = self.world
        work = {
            "delta-notices": world.notices,
            "delta-file": world.files_queue,
            "delta-article": world.articles_queue,
            "maintenance": world.maintenance_messages,
        }
        dead = {
            "delta-notices-dead": world.dead_notices,
            "delta-file-dead": world.dead_files,
            "delta-article-dead": world.dead_articles,
            "maintenance-dead": world.dead_maintenance,
        }
        found = [Depth(name, "work", *_depth(queue)) for name, queue in work.items()]
        found += [Depth(name, "dead letters", *_depth(queue)) for name, queue in dead.items()]
        return [*found, Depth("parking", "parking", *_depth(world.parked))]

    def parked(self, limit: int) -> list[Parked]:
        found: list[Parked] = []
        while len(found) < limit and (batch := self.world.parked.receive(limit - len(found))):
            for received in batch:
                self.world.parked.hide(received, PEEK_SECONDS)
                self.hands[received.receipt] = received
                found.append(read_parked(received.message_id, received.receipt, received.body, 1_700_000_000))
        return found

    def release(self, parked: Parked) -> None:
        assert self.world.parked.hide(self.hands[parked.receipt], 0)

    def remove(self, parked: Parked) -> None:
        assert self.world.parked.acknowledge(self.hands[parked.receipt])

    def send_notice(self, body: str) -> None:
        self.world.notices.send(body)


class Operator:
    """Runs commands on a `World`, as `lightrail` would."""

    def __init__(self, world: World, live: bool = True) -> None:
        """`live`: the pipeline takes a step whenever a command sleeps."""
        self.world, self.asked_for = world, list[str | None]()
        self.desk = MemoryDesk(world)
        if live:
            step_on_sleep(world)

    def run(self, module: ModuleType, *arguments: str) -> int:
        """Run a command of a module; its exit code. `SystemExit` on wrong usage."""
        parser = argparse.ArgumentParser()
        module.register(parser.add_subparsers(required=True), self._open)
        parsed = parser.parse_args(arguments)
        code: int = parsed.run(parsed)
        return code

    def _open(self, stage: str | None) -> Deployment:
        self.asked_for.append(stage)
        return Deployment(self.world, self.desk, self._put)

    def _put(self, key: str, content: BinaryIO) -> str:
        version = self.world.bucket.put(key, content.read())
        self.world.announce(key, version)
        return version


def _depth(queue: Any) -> tuple[int, int]:
    return len(queue) - queue.in_flight, queue.in_flight


def step_on_sleep(world: World) -> None:
    """From now on the pipeline takes a step whenever somebody sleeps."""
    clock, at_work = world.fake_clock, [False]

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if not at_work[0]:
            at_work[0] = True
            world.step()
            at_work[0] = False

    clock.sleep = sleep  # type: ignore[method-assign]
