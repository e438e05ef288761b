"""Faults at any call of a port: it throws, happens without an answer, happens in part, or the process is killed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import Article, Lost, Outcome, Refused, Unknown
from chalicelib.ports.queue import Message

FAULTS = ("throws", "answer lost", "killed before", "killed after")
"""What may go wrong with every call."""

PARTS = ("in part", "beaten", "refused")
"""What may go wrong with a call that carries several things: each second one is not taken (a send: throttled; a bulk
write: no answer, or another writer was faster, or the store refuses the first document)."""


class Killed(BaseException):
    """The worker's process ends here and now."""


@dataclass
class Faults:
    """Which call goes wrong, and how. `seen`: names of all calls so far, in order."""

    at: int = -1
    kind: str = ""
    seen: list[str] = field(default_factory=list)

    def meet(self, name: str) -> str:
        """The fault of the call that is about to be made, or nothing."""
        self.seen.append(name)
        return self.kind if len(self.seen) - 1 == self.at else ""

    def next_is_one_of(self, kinds: Sequence[str]) -> bool:
        """Whether the next call goes wrong, in one of these ways."""
        return len(self.seen) == self.at and self.kind in kinds


class Faulty:
    """Stands before a port and lets one call go wrong."""

    def __init__(self, inner: object, name: str, faults: Faults) -> None:
        self._inner, self._name, self._faults = inner, name, faults

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._inner, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            kind = self._faults.meet(f"{self._name}.{method}")
            if kind == "killed before":
                raise Killed
            if kind == "throws":
                return self._no_answer(method, args)
            if kind in PARTS and method in ("send", "write_many"):
                return self._in_part(method, kind, args[0])
            result = target(*args, **kwargs)
            if kind == "killed after":
                raise Killed
            return self._no_answer(method, args) if kind == "answer lost" else result

        return call

    def _no_answer(self, method: str, args: tuple[Any, ...]) -> Any:
        if method == "write_many":
            return [Unknown("no answer") for _ in args[0]]
        if method == "purge_mark":
            return Unknown("no answer")
        raise Unavailable(self._name, method)

    def _in_part(self, method: str, kind: str, things: Any) -> Any:
        if method == "send":
            return things if isinstance(things, str) else self._send_in_part(things)
        return self._write_in_part(kind, things)

    def _send_in_part(self, messages: Sequence[Message]) -> list[bool]:
        taken = messages[::2]
        self._inner.send(taken)  # type: ignore[attr-defined]
        return [message in taken for message in messages]

    def _write_in_part(self, kind: str, articles: Sequence[Article]) -> list[Outcome]:
        lost: dict[str, Outcome] = {
            "in part": Unknown("429"),
            "beaten": Lost(),
            "refused": Refused("not to its liking"),
        }
        return [
            lost[kind] if index % 2 == 0 else self._inner.write_many([article])[0]  # type: ignore[attr-defined]
            for index, article in enumerate(articles)
        ]
