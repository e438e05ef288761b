"""What each change of the ledger is to DynamoDB: one action with its condition, alone or in a transaction."""

from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.adapters.dynamodb_ledger_items import (
    Item,
    Key,
    attribute,
    item_of,
    key_of,
    page_key,
    tally_key,
)
from chalicelib.ports.ledger import Change, Count, Delete, EpochIs, Move, Put
from chalicelib.ports.ledger_records import Control, Record

Kind = Literal["Put", "Delete", "Update", "ConditionCheck"]


@dataclass(frozen=True)
class Action:
    """An element of `TransactItems`: its kind, the item's key, and the request without the table's name."""

    kind: Kind
    key: Key
    request: dict[str, Any]

    def on(self, table: str) -> dict[str, Any]:
        """As an element of `TransactItems`."""
        return {self.kind: {"TableName": table, **self.request}}


def action_of(change: Change, write: str, now: float) -> Action:
    """The action of a change. `write`: stored with what it writes; `now`: see `item_of`."""
    match change:
        case Put(record):
            item = item_of(record, write, now)
            return Action("Put", key_of(record), {"Item": item, **_if_version(record)})
        case Delete(record):
            key = key_of(record)
            return Action("Delete", key, {"Key": key.item, **_if_version(record)})
        case Move():
            return _move(change, write)
        case Count():
            return _count(change, write)
        case EpochIs(epoch):
            return _epoch_is(epoch)


def is_own(old: Item, write: str) -> bool:
    """Whether an item that was found instead of the expected one bears our own write: its answer got lost."""
    return old.get("write") == attribute(write)


def would_go_negative(change: Change, old: Item | None) -> bool:
    """Whether only that keeps a count from being added: a fault of the caller, not of the moment."""
    return isinstance(change, Count) and old is not None and old["epoch"] == attribute(change.epoch)


def _if_version(record: Record) -> dict[str, Any]:
    if record.version == 0:
        return _request([], "attribute_not_exists(pk)", {}, {})
    names = {"#version": "version"}
    return _request([], "#version = :version", names, {":version": attribute(record.version)})


def _move(change: Move, write: str) -> Action:
    """Sets letters in place. A hundred places fit: 4 KB an expression, 300 operators (DynamoDB's limits)."""
    names: dict[str, str] = {"#states": "states"} if change.places else {}
    values: Item = {}
    sets, conditions = [], ["attribute_exists(pk)"]
    for index, (must, to) in change.places.items():
        values[f":{must}"], values[f":{to}"] = attribute(must), attribute(to)
        conditions.append(f"#states[{index}]=:{must}")
        sets.append(f"#states[{index}]=:{to}")
    if change.epoch is not None:
        names["#epoch"], values[":epoch"] = "epoch", attribute(change.epoch)
        conditions.append("#epoch=:epoch")
    return _update(page_key(change.n, change.p), sets, conditions, names, values, write)


def _count(change: Count, write: str) -> Action:
    names, values = {"#epoch": "epoch"}, {":epoch": attribute(change.epoch)}
    sets, conditions = [], ["#epoch=:epoch"]
    for index, (letter, more) in enumerate(change.delta.items()):
        if not more:
            continue
        names["#counts"], values[":zero"] = "counts", attribute(0)
        names[f"#{index}"], values[f":{index}"] = letter, attribute(more)
        sets.append(f"#counts.#{index}=if_not_exists(#counts.#{index},:zero)+:{index}")
        if more < 0:
            values[f":least{index}"] = attribute(-more)
            conditions.append(f"#counts.#{index}>=:least{index}")
    return _update(tally_key(change.n), sets, conditions, names, values, write)


def _epoch_is(epoch: int) -> Action:
    key = key_of(Control())
    condition = "#epoch=:epoch" if epoch else "attribute_not_exists(pk) OR #epoch=:epoch"
    request = _request([], condition, {"#epoch": "epoch"}, {":epoch": attribute(epoch)})
    return Action("ConditionCheck", key, {"Key": key.item, **request})


def _update(
    key: Key, sets: list[str], conditions: list[str], names: dict[str, str], values: Item, write: str
) -> Action:
    sets = [*sets, "#version=#version+:one", "#write=:write"]  # the schema stays: the rest keeps its form
    names = {**names, "#version": "version", "#write": "write"}
    values = {**values, ":one": attribute(1), ":write": attribute(write)}
    return Action("Update", key, {"Key": key.item, **_request(sets, " AND ".join(conditions), names, values)})


def _request(sets: list[str], condition: str, names: dict[str, str], values: Item) -> dict[str, Any]:
    """The parts that all actions share; DynamoDB refuses empty ones."""
    request: dict[str, Any] = {
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if sets:
        request["UpdateExpression"] = f"SET {', '.join(sets)}"
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = values
    return request
