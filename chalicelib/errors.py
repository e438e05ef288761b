"""The errors of the domain: they carry data, and their text is derived from it.

`chalicelib.web.error_map` is the one place that turns them into a status and a body.
"""

import traceback
from collections.abc import Mapping, Sequence


class LightrailError(Exception):
    """The base of every error that a person may be shown."""


class NotFound(LightrailError):
    """What was asked for does not exist; answered with 404."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} not found: {name}")


class AlreadyExists(LightrailError):
    """The target of a creation exists; answered with 409."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} already exists: {name}")


class WriteConflict(LightrailError):
    """Other writers kept winning; nothing was written by this call; answered with 409."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(
            f"{kind} {name} is being changed by others at this moment; nothing was written, send it again"
        )


class PreconditionFailed(LightrailError):
    """What is stored is not what the request names (If-Match, If-None-Match); answered with 412."""


class NothingToCancel(LightrailError):
    """Nothing of a delta file waits any more, and nothing of it was cleared; answered with 409."""

    def __init__(self, name: str, state: str) -> None:
        self.name, self.state = name, state
        super().__init__(f"Nothing of delta file {name} waits (it is {state}), so there is nothing to cancel")


class StillRunning(LightrailError):
    """A delta file is not so far that what is asked for can be told; answered with 409."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"Delta file {name} is being worked on; ask again once its entries have their outcome"
        )


class TooManyCancelled(LightrailError):
    """So many cancelled files wait to be cleared that no further one is taken; answered with 409."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(
            f"{most} cancelled files are being cleared at this moment, try again in some minutes"
        )


class Unauthenticated(LightrailError):
    """No token, or one that is malformed, unknown, revoked or expired; answered with 401.

    It never says which of these it was.
    """

    def __init__(self) -> None:
        super().__init__("Unauthenticated.")


class Forbidden(LightrailError):
    """The caller is known and may not do this; answered with 403 in the envelope."""


class KeyInUse(LightrailError):
    """The Idempotency-Key belongs to a call that is running, or was made without its answer being kept.

    Answered with 409.
    """


class Invalid(LightrailError):
    """The input has faults, all of them listed by field; answered with 422."""

    def __init__(self, faults: Mapping[str, Sequence[str]]) -> None:
        self.faults = {field: list(texts) for field, texts in faults.items()}
        texts = [text for texts in self.faults.values() for text in texts]
        more = len(texts) - 1
        suffix = "" if more < 1 else f" (and {more} more error{'s' if more > 1 else ''})"
        super().__init__(f"{texts[0] if texts else 'The given data was invalid.'}{suffix}")


class Unavailable(LightrailError):
    """A part that the call needs does not answer (throttled, timed out, down); answered with 503.

    Queue-driven work that meets it goes back to its queue. The write may or may not have happened.
    """

    def __init__(self, part: str, reason: str = "") -> None:
        self.part, self.reason = part, reason
        super().__init__(f"{part} is not available at the moment, try again later")


class FileFault(LightrailError):
    """A delta file cannot be used as a whole; nothing of it is applied.

    `cause` is one word for the operator's list: `fetch`, `format`, `size`, `strict`, `timeout`.
    """

    def __init__(self, text: str, cause: str = "format") -> None:
        self.cause = cause
        super().__init__(text)


def frames_of(error: BaseException) -> list[str]:
    """Where an error was raised, innermost ten places, without its text: that may repeat a body or a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-10:]]
