"""Lists in pages: `?page=&per_page=`, and what is left when an answer would be too large."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.web import reading
from chalicelib.web.call import Call
from chalicelib.web.envelope import to_json

PER_PAGE = 100
MOST_PER_PAGE = 500
LAST_PAGE = 1_000_000_000  # far beyond any list, and still a number that can be counted with
ANSWER_BYTES = 4_500_000
# Lambda: 6 MB (6,291,556 bytes) for the whole answer, in which the body stands as a JSON string once more, with every
# quote escaped and (Python 3.11's runtime) every character beyond ASCII as \\uXXXX.
PAYLOAD_BYTES = 6_200_000


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for (from 1), how long, and whether the client asked for pages at all."""

    page: int
    per_page: int
    asked: bool


def read_page(call: Call) -> PageRequest:
    """Reads `page` and `per_page`. Raises `Invalid` with the faults of both."""
    found = reading.whole_numbers(call, {"page": (1, LAST_PAGE, 1), "per_page": (1, MOST_PER_PAGE, PER_PAGE)})
    return PageRequest(found["page"], found["per_page"], "page" in call.query or "per_page" in call.query)


@dataclass(frozen=True)
class Cut:
    """The items of a page that fit into one answer, and what the client is told about the rest."""

    items: list[object]
    shortened: bool
    pagination: dict[str, object]


def cut(items: Sequence[object], total: int, asked: PageRequest, reserved: int = 0) -> Cut:
    """Keeps as many items as an answer holds (at least one), `reserved` bytes being taken by something else."""
    kept = fitting(items, reserved)
    shown = (asked.page - 1) * asked.per_page + len(kept)
    left = max(total - shown, 0) if items else 0
    return Cut(
        kept,
        len(kept) < len(items),
        {
            "page": asked.page,
            "per_page": asked.per_page,
            "count": len(kept),
            "total": total,
            "left": left,
            "next": _next_page(shown, asked.per_page) if left and kept else None,
        },
    )


def fitting(items: Sequence[object], reserved: int = 0) -> list[object]:
    """As many of the items as an answer holds (at least one), `reserved` bytes being taken by something else."""
    kept: list[object] = []
    room = ANSWER_BYTES - reserved
    payload_room = PAYLOAD_BYTES - 2 * reserved
    for item in items:
        text = to_json(item)
        room -= len(text.encode()) + 1
        payload_room -= len(json.dumps(text)) + 1
        if min(room, payload_room) < 0 and kept:
            break
        kept.append(item)
    return kept


def _next_page(shown: int, per_page: int) -> dict[str, int]:
    """The longest page, no longer than this one, that begins with the first item not shown."""
    size = next(size for size in range(per_page, 0, -1) if shown % size == 0)
    return {"page": shown // size + 1, "per_page": size}
