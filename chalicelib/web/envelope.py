"""The envelope of every answer, and its JSON."""

import json
import re
from collections.abc import Mapping, Sequence

from chalicelib.web.call import Answer

_SURROGATE = re.compile("[\ud800-\udfff]")


def success(message: str, data: object, status: int = 200, **beside: object) -> Answer:
    """`{"status": "success", "message": …, "data": …}`, then whatever stands beside `data`."""
    return Answer(status, {"status": "success", "message": message, "data": data, **beside})


def error(
    status: int,
    message: str,
    errors: Mapping[str, Sequence[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """`{"status": "error", "message": …, "data": null}`, with `errors` by field where input was refused."""
    body: dict[str, object] = {"status": "error", "message": message, "data": None}
    if errors is not None:
        body["errors"] = errors
    return Answer(status, body, headers or {})


def bare(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """`{"message": …}`: the documented form of two refusals of the admin calls."""
    return Answer(status, {"message": message}, headers or {})


def to_json(body: object) -> str:
    """Compact JSON with raw UTF-8, as the documented samples show it; keys in the order in which they stand.

    A faulty entry of a delta file may hold half of a surrogate pair, which no UTF-8 can say; then all is escaped.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(body, separators=(",", ":")) if _SURROGATE.search(text) else text
