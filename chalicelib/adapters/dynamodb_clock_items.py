"""The clock of a store as an item in DynamoDB.

Item: `pk` = `clock#<store>`, `sk` = `clock`, `schema`, `last`, `finished`; `first`: a map from the id of an open
batch to its first time; `open`: a map from the same ids to `count`, `lease`, `state` and `off` (a list, left out where
it is not known); `undone`: a map from the id of an undone batch to when that was. About 100 bytes for each open batch;
times are microseconds.

`first` stands apart from `open`, so that a batch which meets a clock that is ahead takes `last + 1` in the write
itself: no number of writers can make another's attempt fail.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.ports.record_clock import PART, Batch, BatchState, ClockReading

SCHEMA = 1

Item = dict[str, Any]


def clock_key(store: str) -> Item:
    """The key of a store's clock."""
    return {"pk": {"S": f"clock#{store}"}, "sk": {"S": "clock"}}


def number(value: int) -> Item:
    """A number as DynamoDB writes it."""
    return {"N": str(value)}


def new_batch(count: int, lease_until: int, off: Sequence[str] | None) -> Item:
    """What stands in `open` of a batch that is being written."""
    made: Item = {
        "count": number(count),
        "lease": number(lease_until),
        "state": {"S": BatchState.WRITING.value},
    }
    if off is not None:
        made["off"] = {"L": [{"S": name} for name in off]}
    return {"M": made}


def read_clock(item: Item | None) -> ClockReading:
    """The clock of a store; without an item it is empty. Raises `Unavailable` for one of a newer release."""
    if item is None:
        return ClockReading()
    check_schema(item, SCHEMA, PART)
    return ClockReading(
        last=int(item["last"]["N"]),
        open={batch: read_batch(batch, item) for batch in item["open"]["M"]},
        undone=frozenset(item["undone"]["M"]),
        finished=int(item["finished"]["N"]),
    )


def read_batch(batch: str, item: Item) -> Batch:
    """An open batch, from the item of its clock."""
    opened, first = item["open"]["M"][batch]["M"], int(item["first"]["M"][batch]["N"])
    last = first + int(opened["count"]["N"]) - 1
    off = tuple(name["S"] for name in opened["off"]["L"]) if "off" in opened else None
    return Batch(batch, first, last, int(opened["lease"]["N"]), BatchState(opened["state"]["S"]), off)
