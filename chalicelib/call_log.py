"""One log line for every call of a function that a queue or a timer triggers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from chalicelib.errors import frames_of
from chalicelib.garbage import collect_less

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services

Handle = Callable[[Mapping[str, Any], Any, "Services"], Any]


class FunctionFailed(Exception):
    """A function ended by an error of this kind; what is known of it stands in its log line."""


def logged_call(name: str, handle: Handle, event: Mapping[str, Any], context: Any, services: Services) -> Any:
    """Calls `handle(event, context, services)` and logs what became of it.

    Raises `FunctionFailed` for whatever it raises: Lambda logs the text of an error, which may repeat data.
    """
    started = perf_counter()
    fields: dict[str, object] = {
        "function": name,
        "request_id": getattr(context, "aws_request_id", ""),
        "records": len(event.get("Records", ())),
    }
    outcome = "failed"
    try:
        answer = handle(event, context, services)
        fields["returned"] = len((answer or {}).get("batchItemFailures", ()))
        outcome = "done"
        return answer
    except Exception as error:
        fields["error"] = type(error).__name__
        fields["reason"] = getattr(error, "reason", "")
        fields["frames"] = frames_of(error)
        raise FunctionFailed(type(error).__name__) from None
    finally:
        fields["ms"] = round((perf_counter() - started) * 1000, 1)
        log = services.logger.error if outcome == "failed" else services.logger.info
        log(outcome, extra=fields)
        collect_less()
