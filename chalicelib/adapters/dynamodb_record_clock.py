"""The clocks of stores in DynamoDB: one item per store, each call one conditional write on it.

Item: `pk` = `clock#<store>`, `sk` = `clock`, `schema`, `last`, `finished`; `first`: a map from the id of an open
batch to its first time; `open`: a map from the same ids to `count`, `lease` and `state`; `undone`: a map from the id
of an undone batch to when that was. About 100 bytes for each open batch; times are microseconds.

`first` stands apart from `open`, so that a batch which meets a clock that is ahead takes `last + 1` in the write
itself: no number of writers can make another's attempt fail.

**Calls sent twice.** After a lost answer a call is sent once more where that, and the arrival of the first one at any
later moment, changes nothing that the second did not. So not a registration by `last + 1`: arriving after the batch
has ended it would open the batch again. One by the wall clock cannot: its own time is taken by then.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.adapters.aws_answers import answered
from chalicelib.errors import Unavailable
from chalicelib.ports.record_clock import Batch, BatchState, ClockReading

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The record clock"
PAUSE = (0.02, 0.06)  # seconds before a call is sent again
REGISTER_TRIES = 5  # three at most are needed, unless the store is deleted at the same time
NAMES_PER_UPDATE = 100  # an expression has at most 4 KB
_NAMES = {
    "#last": "last",
    "#first": "first",
    "#open": "open",
    "#undone": "undone",
    "#finished": "finished",
    "#schema": "schema",
    "#state": "state",
}

Item = dict[str, Any]
T = TypeVar("T")


class _Failed(Exception):
    """A condition did not hold; `item`: what stands there, None if there is none."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.item = item


class DynamoRecordClock:
    """The `RecordClock` on a table with string keys `pk` and `sk`; the client makes one attempt at a call."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self.table = client, table

    def read(self, store: str) -> ClockReading:
        """One strongly consistent GetItem."""
        return _reading(self._get(store))

    def raise_to(self, store: str, at: int) -> ClockReading:
        """One UpdateItem, whether the clock was raised or stood higher already."""
        try:
            return _reading(
                self._update(
                    store,
                    # A value of its own for each: the emulator of the local stack would keep one map for all three.
                    "SET #last=:at,#open=if_not_exists(#open,:no_open),#first=if_not_exists(#first,:no_first),"
                    "#undone=if_not_exists(#undone,:no_undone),#finished=if_not_exists(#finished,:zero),"
                    "#schema=if_not_exists(#schema,:schema)",
                    "attribute_not_exists(#last) OR #last<:at",
                    {
                        ":at": _number(at),
                        **{name: {"M": {}} for name in (":no_open", ":no_first", ":no_undone")},
                        ":zero": _number(0),
                        ":schema": _number(SCHEMA),
                    },
                )
            )
        except _Failed as failed:
            return _reading(failed.item)

    def register(self, store: str, batch: str, count: int, now: int, lease_until: int) -> Batch:
        """One UpdateItem if the clock is behind `now`, two if it is ahead or the store has none yet."""
        opened = _opened(count, lease_until)
        take = self._register_at
        for _ in range(REGISTER_TRIES):
            try:
                return _batch(batch, take(store, batch, opened, count, now))
            except _Failed as failed:
                item = failed.item
            if item is None:
                take = self._register_first
                continue
            reading = _reading(item)
            if batch in reading.open:
                return reading.open[batch]
            take = self._register_at if reading.last < now else self._register_next
        raise Unavailable(PART, "it was made and removed again and again")

    def commit(self, store: str, batch: str) -> bool:
        """One UpdateItem."""
        return self._move(store, batch, BatchState.WRITING, BatchState.COMMITTED)

    def finish(self, store: str, batch: str, *, writing: bool = False) -> ClockReading | None:
        """One UpdateItem."""
        states = (BatchState.COMMITTED, BatchState.WRITING) if writing else (BatchState.COMMITTED,)
        return self._end(store, batch, states, "SET #finished=#finished+:one", {})

    def begin_undo(self, store: str, batch: str) -> bool:
        """One UpdateItem."""
        return self._move(store, batch, BatchState.WRITING, BatchState.UNDOING)

    def end_undo(self, store: str, batch: str, now: int, *, late: bool = True) -> None:
        """One UpdateItem."""
        expression = "SET #finished=#finished+:one"
        kept, values = (",#undone.#batch=:now", {":now": _number(now)}) if late else ("", {})
        self._end(store, batch, (BatchState.UNDOING,), expression + kept, values)

    def touch(self, store: str) -> None:
        """One UpdateItem; a count too many only costs a refresh."""
        try:
            self._update(
                store, "SET #finished=#finished+:one", "attribute_exists(#open)", {":one": _number(1)}
            )
        except _Failed as failed:
            _reading(failed.item)

    def forget_undone(self, store: str, before: int, only: Sequence[str] | None = None) -> None:
        """A read, and an UpdateItem for each hundred that go."""
        gone = [each for each in self.undone_before(store, before) if only is None or each in set(only)]
        for start in range(0, len(gone), NAMES_PER_UPDATE):
            names = {f"#u{place}": id_ for place, id_ in enumerate(gone[start : start + NAMES_PER_UPDATE])}
            removed = ",".join(f"#undone.{name}" for name in names)
            try:
                self._update(store, f"REMOVE {removed}", "attribute_exists(#undone)", {}, names)
            except _Failed:
                return

    def undone_before(self, store: str, before: int) -> list[str]:
        """One strongly consistent GetItem."""
        item = self._get(store) or {}
        undone = item.get("undone", {}).get("M", {})
        return [batch for batch, at in undone.items() if int(at["N"]) < before]

    def forget_store(self, store: str) -> None:
        """One DeleteItem; not sent twice, for the store may be made again meanwhile."""
        with answered(PART):
            self._client.delete_item(TableName=self.table, Key=_key(store))

    def _register_at(self, store: str, batch: str, opened: Item, count: int, now: int) -> Item:
        """Opens the batch at the wall clock's time, unless the store's clock is ahead of it."""
        return self._update(
            store,
            "SET #last=:last,#first.#batch=:now,#open.#batch=:opened",
            "attribute_exists(#open) AND attribute_not_exists(#open.#batch) AND #last<:now",
            {":last": _number(now + count - 1), ":now": _number(now), ":opened": opened},
            {"#batch": batch},
        )

    def _register_next(self, store: str, batch: str, opened: Item, count: int, now: int) -> Item:
        """Opens the batch after the last time that was taken, unless the store's clock is behind `now`."""
        return self._update(
            store,
            "SET #first.#batch=#last+:one,#open.#batch=:opened,#last=#last+:count",
            "attribute_exists(#open) AND attribute_not_exists(#open.#batch) AND #last>=:now",
            {":one": _number(1), ":count": _number(count), ":now": _number(now), ":opened": opened},
            {"#batch": batch},
            repeated=False,
        )

    def _register_first(self, store: str, batch: str, opened: Item, count: int, now: int) -> Item:
        """Makes the store's clock with the batch in it."""
        return self._update(
            store,
            "SET #last=:last,#first=:first,#open=:open,#undone=:none,#finished=:zero,#schema=:schema",
            "attribute_not_exists(#open)",
            {
                ":last": _number(now + count - 1),
                ":first": {"M": {batch: _number(now)}},
                ":open": {"M": {batch: opened}},
                ":none": {"M": {}},
                ":zero": _number(0),
                ":schema": _number(SCHEMA),
            },
        )

    def _move(self, store: str, batch: str, start: BatchState, end: BatchState) -> bool:
        try:
            self._update(
                store,
                "SET #open.#batch.#state=:end",
                "#open.#batch.#state IN (:start,:end)",
                {":start": {"S": start.value}, ":end": {"S": end.value}},
                {"#batch": batch},
            )
        except _Failed as failed:
            _reading(failed.item)  # an item of a newer release is not judged
            return False
        return True

    def _end(
        self, store: str, batch: str, states: Sequence[BatchState], expression: str, values: Item
    ) -> ClockReading | None:
        allowed = {f":state{place}": {"S": state.value} for place, state in enumerate(states)}
        try:
            item = self._update(
                store,
                f"{expression} REMOVE #open.#batch,#first.#batch",
                f"#open.#batch.#state IN ({','.join(allowed)})",
                {":one": _number(1), **allowed, **values},
                {"#batch": batch},
            )
        except _Failed as failed:
            _reading(failed.item)
            return None
        return _reading(item)

    def _get(self, store: str) -> Item | None:
        def call() -> Item | None:
            answer = self._client.get_item(TableName=self.table, Key=_key(store), ConsistentRead=True)
            return answer.get("Item")

        return _twice(call)

    def _update(
        self,
        store: str,
        expression: str,
        condition: str,
        values: Item,
        names: Mapping[str, str] | None = None,
        *,
        repeated: bool = True,
    ) -> Item:
        """One conditional UpdateItem; the item after it. Raises `_Failed` with the item where the condition fails."""
        every = {**_NAMES, **(names or {})}
        request: Item = {
            "TableName": self.table,
            "Key": _key(store),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {
                name: every[name] for name in every if name in expression or name in condition
            },
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            request["ExpressionAttributeValues"] = values

        def call() -> Item:
            try:
                return self._client.update_item(**request)["Attributes"]
            except self._client.exceptions.ConditionalCheckFailedException as error:
                item: Item | None = error.response.get("Item")  # type: ignore[assignment]
                raise _Failed(item) from error

        if repeated:
            return _twice(call)
        with answered(PART):
            return call()


def _twice(call: Callable[[], T]) -> T:
    """Makes a call, once more where no answer came or the table was too busy. Raises `Unavailable`."""
    try:
        with answered(PART):
            return call()
    except Unavailable:
        time.sleep(random.uniform(*PAUSE))  # noqa: S311
        with answered(PART):
            return call()


def _key(store: str) -> Item:
    return {"pk": {"S": f"clock#{store}"}, "sk": {"S": "clock"}}


def _number(value: int) -> Item:
    return {"N": str(value)}


def _opened(count: int, lease_until: int) -> Item:
    return {
        "M": {
            "count": _number(count),
            "lease": _number(lease_until),
            "state": {"S": BatchState.WRITING.value},
        }
    }


def _reading(item: Item | None) -> ClockReading:
    if item is None:
        return ClockReading()
    schema = int(item["schema"]["N"])
    if schema > SCHEMA:  # written by a newer release, whose states this one does not know
        raise Unavailable(PART, f"item of schema {schema}, this release reads up to {SCHEMA}")
    return ClockReading(
        last=int(item["last"]["N"]),
        open={batch: _batch(batch, item) for batch in item["open"]["M"]},
        undone=frozenset(item["undone"]["M"]),
        finished=int(item["finished"]["N"]),
    )


def _batch(batch: str, item: Item) -> Batch:
    opened, first = item["open"]["M"][batch]["M"], int(item["first"]["M"][batch]["N"])
    last = first + int(opened["count"]["N"]) - 1
    return Batch(batch, first, last, int(opened["lease"]["N"]), BatchState(opened["state"]["S"]))
