"""Steps of stories about the pipeline: what goes between two calls, what is sent again, what dies."""

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.ports.queue import Message
from tests.doubles.queues import Received
from tests.doubles.world import World, entry


def feature(number: str, key: str = "F_3", value: str = "x") -> dict[str, object]:
    """An entry that sets one feature; it fails where there is no such article."""
    return entry("replace-article-feature", number, **{key: value})


def waiting(world: World, name: str, entries: Sequence[object]) -> list[Received]:
    """A file whose messages wait; returns them as they would be delivered, in nobody's hands."""
    world.drop(name, entries)
    world.intake_once()
    world.file_worker_once()
    received = world.articles_queue.receive()
    world.articles_queue.settle(received, [message.message_id for message in received])
    return received


def bury(world: World, message: Received) -> None:
    """Moves a message to the dead letters."""
    [again] = [found for found in world.articles_queue.receive() if found.message_id == message.message_id]
    world.dead_articles.send([Message(again.body, again.group, f"dead-{again.message_id}")])
    world.articles_queue.acknowledge(again)
    world.fake_clock.advance(61)


def listen(world: World) -> list[Message]:
    """From now on: the messages that the article queue accepts."""
    heard: list[Message] = []
    send = world.articles_queue.send

    def sending(messages: Sequence[Message]) -> list[bool]:
        heard.extend(messages)
        return send(messages)

    world.articles_queue.send = sending  # type: ignore[method-assign]
    return heard


def say_again(world: World, messages: Sequence[Message], mark: str) -> None:
    """Sends messages again, past deduplication."""
    for index, message in enumerate(list(messages)):
        world.articles_queue.send([Message(message.body, message.group, f"{mark}-{index}")])


def between(
    port: Any, method: str, before: Callable[[], object], after: Callable[[], object] | None = None
) -> None:
    """The next call of a port's method comes with something before it, or after it and before its answer."""
    target = getattr(port, method)

    def call(*args: Any, **kwargs: Any) -> Any:
        setattr(port, method, target)
        before()
        result = target(*args, **kwargs)
        if after is not None:
            after()
        return result

    setattr(port, method, call)


def nothing() -> None:
    """Nothing goes before."""
