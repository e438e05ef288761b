"""The clocks of stores in DynamoDB: one item per store, each call one conditional write on it.

`dynamodb_clock_items` has the form of the item.

**Calls sent twice.** After a lost answer a call is sent once more where that, and the arrival of the first one at any
later moment, changes nothing that the second did not. So not a registration by `last + 1`: arriving after the batch
has ended it would open the batch again. One by the wall clock cannot: its own time is taken by then.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_clock_items import (
    SCHEMA,
    Item,
    clock_key,
    new_batch,
    number,
    read_batch,
    read_clock,
)
from chalicelib.errors import Unavailable
from chalicelib.ports.record_clock import PART, Batch, BatchState, ClockReading

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAUSE = (0.02, 0.06)  # seconds before a call is sent again
REGISTER_TRIES = 5  # three at most are needed, unless the store is deleted at the same time
NAMES_PER_UPDATE = 100  # an expression has at most 4 KB
_WRITTEN = "UPDATED_NEW"  # and not the batches that others write at this moment
_NAMES = {
    "#last": "last",
    "#first": "first",
    "#open": "open",
    "#undone": "undone",
    "#finished": "finished",
    "#schema": "schema",
    "#state": "state",
}

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
        return read_clock(self._get(store))

    def raise_to(self, store: str, at: int) -> ClockReading:
        """One UpdateItem, whether the clock was raised or stood higher already."""
        try:
            return read_clock(
                self._update(
                    store,
                    # A value of its own for each: the emulator of the local stack would keep one map for all three.
                    "SET #last=:at,#open=if_not_exists(#open,:no_open),#first=if_not_exists(#first,:no_first),"
                    "#undone=if_not_exists(#undone,:no_undone),#finished=if_not_exists(#finished,:zero),"
                    "#schema=if_not_exists(#schema,:schema)",
                    "attribute_not_exists(#last) OR #last<:at",
                    {
                        ":at": number(at),
                        **{name: {"M": {}} for name in (":no_open", ":no_first", ":no_undone")},
                        ":zero": number(0),
                        ":schema": number(SCHEMA),
                    },
                )
            )
        except _Failed as failed:
            return read_clock(failed.item)

    def register(
        self,
        store: str,
        batch: str,
        count: int,
        now: int,
        lease_until: int,
        off: tuple[str, ...] | None = None,
    ) -> Batch:
        """One UpdateItem if the clock is behind `now`, two if it is ahead or the store has none yet."""
        opened = new_batch(count, lease_until, off)
        take = self._register_at
        for _ in range(REGISTER_TRIES):
            try:
                return read_batch(batch, take(store, batch, opened, count, now))
            except _Failed as failed:
                item = failed.item
            if item is None:
                take = self._register_first
                continue
            reading = read_clock(item)
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
        kept, values = (",#undone.#batch=:now", {":now": number(now)}) if late else ("", {})
        self._end(store, batch, (BatchState.UNDOING,), expression + kept, values)

    def touch(self, store: str) -> None:
        """One UpdateItem; a count too many only costs a refresh."""
        try:
            self._update(
                store, "SET #finished=#finished+:one", "attribute_exists(#open)", {":one": number(1)}
            )
        except _Failed as failed:
            read_clock(failed.item)

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
            self._client.delete_item(TableName=self.table, Key=clock_key(store))

    def _register_at(self, store: str, batch: str, opened: Item, count: int, now: int) -> Item:
        """Opens the batch at the wall clock's time, unless the store's clock is ahead of it."""
        return self._update(
            store,
            "SET #last=:last,#first.#batch=:now,#open.#batch=:opened",
            "attribute_exists(#open) AND attribute_not_exists(#open.#batch) AND #last<:now",
            {":last": number(now + count - 1), ":now": number(now), ":opened": opened},
            {"#batch": batch},
            returned=_WRITTEN,
        )

    def _register_next(self, store: str, batch: str, opened: Item, count: int, now: int) -> Item:
        """Opens the batch after the last time that was taken, unless the store's clock is behind `now`."""
        return self._update(
            store,
            "SET #first.#batch=#last+:one,#open.#batch=:opened,#last=#last+:count",
            "attribute_exists(#open) AND attribute_not_exists(#open.#batch) AND #last>=:now",
            {":one": number(1), ":count": number(count), ":now": number(now), ":opened": opened},
            {"#batch": batch},
            returned=_WRITTEN,
            repeated=False,
        )

    def _register_first(self, store: str, batch: str, opened: Item, count: int, now: int) -> Item:
        """Makes the store's clock with the batch in it."""
        return self._update(
            store,
            "SET #last=:last,#first=:first,#open=:open,#undone=:none,#finished=:zero,#schema=:schema",
            "attribute_not_exists(#open)",
            {
                ":last": number(now + count - 1),
                ":first": {"M": {batch: number(now)}},
                ":open": {"M": {batch: opened}},
                ":none": {"M": {}},
                ":zero": number(0),
                ":schema": number(SCHEMA),
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
            read_clock(failed.item)  # an item of a newer release is not judged
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
                {":one": number(1), **allowed, **values},
                {"#batch": batch},
            )
        except _Failed as failed:
            read_clock(failed.item)
            return None
        return read_clock(item)

    def _get(self, store: str) -> Item | None:
        def call() -> Item | None:
            answer = self._client.get_item(TableName=self.table, Key=clock_key(store), ConsistentRead=True)
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
        returned: str = "ALL_NEW",
        repeated: bool = True,
    ) -> Item:
        """One conditional UpdateItem; the item after it, or what is `returned` of it.

        Raises `_Failed` with the item where the condition fails.
        """
        every = {**_NAMES, **(names or {})}
        request: Item = {
            "TableName": self.table,
            "Key": clock_key(store),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {
                name: every[name] for name in every if name in expression or name in condition
            },
            "ReturnValues": returned,
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
