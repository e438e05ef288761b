"""What the sweep of a minute does, and that nothing that fails holds up the rest."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.lrs.documents.bodies import WRITING_SECONDS
from chalicelib.ports.documents import BodyObject
from chalicelib.times import microseconds
from chalicelib.workers import record_sweep
from tests.doubles.lrs_world import LrsWorld

HASH = "a" * 64


class Lines:
    """Stands in for the logger."""

    def warning(self, *_: object, **__: object) -> None:
        """Takes a line."""


def leave_behind(world: LrsWorld) -> None:
    """A killed POST with an attachment, and a killed PUT of a large document."""
    now = microseconds(world.clock.now())
    world.attachments.claim("store", "dead", {HASH: b"bytes"}, now + 1)
    world.document_store.begin_object(BodyObject("store", "object", now + 1))
    world.blobs.put("documents/store/object", b"body")
    world.clock.advance(WRITING_SECONDS)


def swept_by(world: LrsWorld) -> None:
    services: Any = SimpleNamespace(lrs=world, logger=Lines())
    record_sweep.handle({}, None, services)


def test_bytes_that_nothing_refers_to_are_deleted() -> None:
    world = LrsWorld()
    leave_behind(world)
    assert len(world.stored.blobs.keys) == 2
    swept_by(world)
    assert world.stored.blobs.keys == []


@pytest.mark.parametrize(
    ("port", "call", "left"),
    [
        ("statement_store", "attached", [f"attachments/store/{HASH}"]),
        ("document_store", "due_objects", ["documents/store"]),
    ],
)
def test_what_cannot_be_swept_holds_up_nothing_else_and_is_told(
    port: str, call: str, left: list[str]
) -> None:
    def broken(*_: object) -> None:
        raise Unavailable("A part", "down")

    world = LrsWorld()
    leave_behind(world)
    setattr(getattr(world, port), call, broken)
    with pytest.raises(Unavailable):
        swept_by(world)
    assert [key.rsplit("/", 1)[0] for key in world.stored.blobs.keys] == left
    assert len(world.failures) == 1
