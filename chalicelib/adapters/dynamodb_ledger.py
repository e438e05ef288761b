"""The ledger on one DynamoDB table; `dynamodb_ledger_items` has the form of the items.

**Own writes.** The answer of a write can get lost; whoever then sends it again finds its condition no longer
true. A `Put` or `Move` alone leaves its random mark in the item (`write`): a refused one that finds its own
mark has happened. A transaction bears the mark as its token, by which DynamoDB knows it for ten minutes; so does
a `Delete` alone, which leaves nothing to know it by, and a `Count`, whose condition would hold again. So a commit
that happened and is sent again, by this adapter or by botocore, raises no `Conflict`, unless somebody else wrote
that very item between the two. A time-out is not sent again: it raises `Unavailable`, and the commit may have
happened.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters import dynamodb_ledger_items as items
from chalicelib.adapters.aws_answers import code_of
from chalicelib.adapters.dynamodb_ledger_calls import CANCELED, LOST, DynamoCalls, reasons_of
from chalicelib.adapters.dynamodb_ledger_changes import Action, action_of, is_own, would_go_negative
from chalicelib.adapters.dynamodb_ledger_items import R, attribute, record_of
from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import Entry
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import CHANGES_PER_COMMIT, Change, Conflict, Move, Put
from chalicelib.ports.ledger_records import (
    Announcement,
    Blocked,
    Control,
    Extract,
    ExtractKind,
    File,
    Gate,
    Page,
    Request,
    Retry,
    Tally,
    Upload,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FAILURES = "failures"  # the sparse index over failures_pk, failures_sk with all attributes
PAGES_PER_TRANSACTION = 50
_OPERATIONS = {"Put": "put_item", "Update": "update_item"}


class DynamoLedger:
    """The `Ledger` on a table with string keys `pk`, `sk`, the index `failures` and TTL by `expires_at`.

    The client brings its time-outs and should not retry (`retries={"total_max_attempts": 1}`): this does.
    """

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._calls = DynamoCalls(client, table, clock)
        self._table, self._clock = table, clock

    def commit(self, *changes: Change) -> None:
        """One conditional write, or a transaction. Raises `Conflict`; `ValueError` for an unlawful commit."""
        if len(changes) > CHANGES_PER_COMMIT:
            raise ValueError(f"{len(changes)} changes in one commit, at most {CHANGES_PER_COMMIT}")
        if not changes:
            return
        write = token_urlsafe(9)
        actions = [action_of(change, write, self._clock.now()) for change in changes]
        if len({action.key for action in actions}) < len(actions):
            raise ValueError("two changes of one commit touch the same record")
        if len(changes) == 1 and isinstance(changes[0], Put | Move):
            self._write_alone(changes[0], actions[0], write)
        else:
            self._transact(changes, actions, write)
        for change in changes:
            if isinstance(change, Put) and isinstance(change.record, File) and change.record.forgotten:
                self._expire_tally(change.record.n)

    def move(self, move: Move) -> Page:
        """One UpdateItem that answers with the page after it."""
        write = token_urlsafe(9)
        action = action_of(move, write, self._clock.now())
        return record_of(Page, self._write_alone(move, action, write))

    def create_pages(self, pages: Sequence[Page]) -> None:
        """Transactions of conditional puts; one that meets existing pages goes again without them."""
        for start in range(0, len(pages), PAGES_PER_TRANSACTION):
            missing = [Put(replace(page, version=0)) for page in pages[start : start + PAGES_PER_TRANSACTION]]
            while missing:
                try:
                    self.commit(*missing)
                    break
                except Conflict as conflict:
                    missing = [put for index, put in enumerate(missing) if index not in conflict.lost]

    def control(self) -> Control:
        """The control item; its defaults before the first write."""
        return self._get(Control, items.key_of(Control())) or Control()

    def request_of(self, n: int) -> Request | None:
        """The request with the highest first number up to `n`."""
        found = self._range(items.REQUESTS, "", items.number_key(n), limit=1, backwards=True)
        return next((record_of(Request, item) for item in found), None)

    def requests(self, first: int, last: int) -> list[Request]:
        """Requests whose first number lies in that range, in order."""
        found = self._range(items.REQUESTS, items.number_key(first), items.number_key(last))
        return [record_of(Request, item) for item in found]

    def announcement(self, key: str, version_id: str) -> Announcement | None:
        """Whether that version of an object was accepted."""
        return self._get(Announcement, items.key_of(Announcement(key, version_id, 0)))

    def upload(self, id: str) -> Upload | None:
        """One leave to upload a file."""
        return self._get(Upload, items.key_of(Upload(id, "", False, 0, 0.0, 0.0)))

    def extract(self, n: int, kind: ExtractKind) -> Extract | None:
        """What is drawn, or was, from a file."""
        return self._get(Extract, items.key_of(Extract(n, kind, "")))

    def file(self, n: int) -> tuple[File, Tally] | None:
        """A file and its tally: one query."""
        return next(iter(self.files(n, n, 1)), None)

    def files(self, first: int, last: int, limit: int) -> list[tuple[File, Tally]]:
        """At most `limit` files with numbers in that range, in order; they stand next to their tallies."""
        found: dict[int, tuple[File, Tally]] = {}
        ends = items.file_key(first).sk, items.tally_key(last).sk
        for item in self._range(items.FILES, *ends, page=2 * limit) if limit > 0 else ():
            n = int(item["n"]["N"])
            if item["sk"]["S"] == items.file_key(n).sk:
                if len(found) == limit:
                    break
                found[n] = record_of(File, item), Tally(n)
            elif n in found:
                found[n] = found[n][0], record_of(Tally, item)
                if len(found) == limit:
                    break
        return list(found.values())

    def pages(self, ids: Collection[tuple[int, int]]) -> dict[tuple[int, int], Page]:
        """Those pages, absent ones left out."""
        keys = [items.page_key(*id).item for id in dict.fromkeys(ids)]
        found = (record_of(Page, item) for item in self._calls.batch_get(keys))
        return {page.id: page for page in found}

    def pages_of(self, n: int, first: int, limit: int) -> list[Page]:
        """At most `limit` pages of a file from page `first` on, in order."""
        pk, sk = items.page_key(n, first)
        return [record_of(Page, item) for item in self._range(pk, sk, "page#~", limit)]

    def gates(self, keys: Collection[str]) -> dict[str, Gate]:
        """Those gates, absent ones left out."""
        found = self._calls.batch_get([items.gate_key(key).item for key in dict.fromkeys(keys)])
        return {gate.key: gate for gate in (record_of(Gate, item) for item in found)}

    def blocked(self, key: str, after: Entry | None, limit: int) -> list[Blocked]:
        """At most `limit` entries behind a gate, in order, those after `after`."""
        start = Entry(after.n, after.pos + 1) if after else Entry(0, -1)
        pk, sk = items.blocked_key(key, start)
        return [record_of(Blocked, item) for item in self._range(pk, sk, "blocked#~", limit)]

    def failures(self, epoch: int, after: Entry | None, limit: int) -> list[Gate | File]:
        """Failures of exactly that epoch, oldest first, from the index."""
        condition, values = "failures_pk = :pk", {":pk": attribute(items.failure_key(epoch))}
        if after:
            condition += " AND failures_sk > :after"
            values[":after"] = attribute(items.entry_key(after))
        found = self._calls.query(
            limit, IndexName=FAILURES, KeyConditionExpression=condition, ExpressionAttributeValues=values
        )
        return [_failure(item) for item in islice(found, max(limit, 0))]

    def retries(self, limit: int) -> list[Retry]:
        """Retries that are not done, oldest first: done ones are read over until their time to live ends."""
        found = self._calls.query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            FilterExpression="done = :done",
            ExpressionAttributeValues={":pk": attribute(items.RETRIES), ":done": attribute(False)},
        )
        return [record_of(Retry, item) for item in islice(found, max(limit, 0))]

    def retry(self, ticket: int) -> Retry | None:
        """One retry."""
        return self._get(Retry, items.key_of(Retry(ticket)))

    def _get(self, kind: type[R], key: items.Key) -> R | None:
        answer = self._calls.send("get_item", TableName=self._table, Key=key.item, ConsistentRead=True)
        return record_of(kind, answer["Item"]) if "Item" in answer else None

    def _range(
        self,
        pk: str,
        first: str,
        last: str,
        limit: int | None = None,
        page: int | None = None,
        backwards: bool = False,
    ) -> Iterator[items.Item]:
        """At most `limit` items of a partition with sort keys from `first` to `last`."""
        if first > last or (limit is not None and limit <= 0):  # DynamoDB takes neither
            return iter(())
        found = self._calls.query(
            limit or page,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": attribute(pk),
                ":first": attribute(first or " "),
                ":last": attribute(last),
            },
            ScanIndexForward=not backwards,
        )
        return islice(found, limit)

    def _write_alone(self, change: Put | Move, action: Action, write: str) -> items.Item:
        """The item after one conditional write (empty after a put)."""
        more = {"ReturnValues": "ALL_NEW"} if isinstance(change, Move) else {}
        try:
            answer = self._calls.send(
                _OPERATIONS[action.kind], TableName=self._table, **action.request, **more
            )
        except ClientError as error:
            if code_of(error) != f"{LOST}Exception":
                raise
            old: Any = error.response.get("Item")
            if old and is_own(old, write):
                return dict(old)
            raise _conflict([change], {0: old}) from error
        return dict(answer.get("Attributes", {}))

    def _transact(self, changes: Sequence[Change], actions: Sequence[Action], write: str) -> None:
        elements = [action.on(self._table) for action in actions]
        try:
            self._calls.send("transact_write_items", TransactItems=elements, ClientRequestToken=write)
        except ClientError as error:
            reasons = reasons_of(error) if code_of(error) == CANCELED else []
            refused = {i: r.get("Item") for i, r in enumerate(reasons) if r.get("Code") == LOST}
            if not refused:
                raise
            raise _conflict(changes, refused) from error

    def _expire_tally(self, n: int) -> None:
        """Lets a tally go with its forgotten file. One that stays is harmless: only files are listed."""
        try:
            self._calls.send(
                "update_item",
                TableName=self._table,
                Key=items.tally_key(n).item,
                UpdateExpression="SET expires_at = :at",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":at": items.expiry(self._clock.now())},
            )
        except Unavailable:
            return
        except ClientError as error:
            if code_of(error) != f"{LOST}Exception":
                raise


def _conflict(changes: Sequence[Change], refused: Mapping[int, Any]) -> Exception:
    """What a caller is told of refused changes, by index with the item that each one found."""
    lost = [index for index, old in refused.items() if not would_go_negative(changes[index], old)]
    if lost:
        return Conflict(lost)
    return AssertionError(f"a count would become negative: {[changes[index] for index in refused]}")


def _failure(item: items.Item) -> Gate | File:
    if item["pk"]["S"] == items.FILES:
        return record_of(File, item)
    return record_of(Gate, item)
