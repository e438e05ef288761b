"""The general log in DynamoDB: an item per entry, in one partition a month, so that it is read without an index.

Item: `pk` = `logs#<yyyy-mm>`, `sk` = the entry's id, which begins with its time; `schema`, `at` (microseconds),
`type`, `level`, `message`, `store`, `client`, `details` (a map of texts), `expires_at` (seconds; the table's TTL).

A search goes from the newest entry back, at most `MOST_MONTHS` months and `MOST_QUERIES` calls a page.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.errors import Unavailable
from chalicelib.ports.logs import LogEntry, LogPage, LogSearch, LogType

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The general log"
MOST_QUERIES = 12  # of 1 MB each, some milliseconds a call; who filters much goes on with the next page
MOST_MONTHS = 5  # entries are kept for 90 days, which touch four months; TTL may be late
DELETES_PER_CALL = 25  # BatchWriteItem
TRIES_TO_DELETE = 8
_NAMES = ("type", "level", "store", "expires_at")

Item = dict[str, Any]


class DynamoLogs:
    """The `LogStore` on a table with string keys `pk` and `sk`. `page_size`: items looked at per call; None: 1 MB."""

    def __init__(self, client: "DynamoDBClient", table: str, page_size: int | None = None) -> None:
        self._client, self.table = client, table
        self._limit: Item = {} if page_size is None else {"Limit": page_size}

    def add(self, entry: LogEntry, expires_at: int) -> None:
        """One PutItem."""
        item = {**_write(entry), "expires_at": {"N": str(expires_at)}}
        with answered(PART):
            self._client.put_item(TableName=self.table, Item=item)

    def page(self, search: LogSearch, now: int) -> LogPage:
        """Queries from the last entry seen back, month by month, until the page is full."""
        newest = now if search.until is None else min(now, search.until // 1_000_000)
        before = _last_of(_month(newest)) if search.until is None else _last_at(search.until)
        before = min(before, search.after or before)
        month, oldest = _month_of(before), _months_before(_month(now), MOST_MONTHS)
        found: list[LogEntry] = []
        for _ in range(MOST_QUERIES):
            items, last = self._query(month, before, search, now)
            found += [_read(item) for item in items]
            if len(found) > search.limit:
                kept = found[: search.limit]
                return LogPage(tuple(kept), kept[-1].id)
            if last is not None:
                before = last
            elif month <= oldest:
                return LogPage(tuple(found), None)
            else:
                month = _months_before(month, 1)
                before = _last_of(month)
        return LogPage(tuple(found), before)

    def remove(self, entries: Sequence[LogEntry]) -> None:
        """BatchWriteItem, 25 at a time; what is left unprocessed is sent again."""
        for start in range(0, len(entries), DELETES_PER_CALL):
            requests: list[Any] = [
                {"DeleteRequest": {"Key": _key(entry)}} for entry in entries[start : start + DELETES_PER_CALL]
            ]
            for _ in range(TRIES_TO_DELETE):
                with answered(PART):
                    answer = self._client.batch_write_item(RequestItems={self.table: requests})
                requests = list(answer.get("UnprocessedItems", {}).get(self.table, []))
                if not requests:
                    break
            else:
                raise Unavailable(PART, "deletions were left unprocessed")

    def _query(self, month: str, before: str, search: LogSearch, now: int) -> tuple[list[Item], str | None]:
        """The entries of a month before that id, and where the next query goes on."""
        values: Item = {":month": {"S": f"logs#{month}"}, ":before": {"S": before}, ":now": {"N": str(now)}}
        filters = ["#expires_at > :now"]
        if search.store is not None:
            filters.append("#store = :store")
            values[":store"] = {"S": search.store}
        for name, texts in (("type", search.types), ("level", [str(level) for level in search.levels])):
            if texts:
                kind = "N" if name == "level" else "S"
                given = {f":{name}{place}": {kind: text} for place, text in enumerate(texts)}
                filters.append(f"#{name} IN ({', '.join(given)})")
                values |= given
        expression = " AND ".join(filters)
        with answered(PART):
            answer = self._client.query(
                TableName=self.table,
                ConsistentRead=True,
                ScanIndexForward=False,
                KeyConditionExpression="pk = :month AND sk < :before",
                FilterExpression=expression,
                ExpressionAttributeNames={f"#{name}": name for name in _NAMES if f"#{name} " in expression},
                ExpressionAttributeValues=values,
                **self._limit,
            )
        last = answer.get("LastEvaluatedKey")
        return answer["Items"], last["sk"]["S"] if last else None


def _month(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m}"


def _months_before(month: str, count: int) -> str:
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    for _ in range(count):
        first = (first - timedelta(days=1)).replace(day=1)
    return f"{first:%Y-%m}"


def _month_of(entry_id: str) -> str:
    return _month(int(entry_id.partition("-")[0]) // 1_000_000)


def _last_at(at: int) -> str:
    """An id after all entries of that time."""
    return f"{at:017d}-~"


def _last_of(month: str) -> str:
    """An id after all entries of a month, and still in it."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    end = (first + timedelta(days=32)).replace(day=1) - timedelta(seconds=1)
    return _last_at(int(end.timestamp()) * 1_000_000 + 999_999)


def _key(entry: LogEntry) -> Item:
    return {"pk": {"S": f"logs#{_month(entry.at // 1_000_000)}"}, "sk": {"S": entry.id}}


def _write(entry: LogEntry) -> Item:
    return {
        **_key(entry),
        "schema": {"N": str(SCHEMA)},
        "at": {"N": str(entry.at)},
        "type": {"S": entry.type},
        "level": {"N": str(entry.level)},
        "message": {"S": entry.message},
        "store": {"S": entry.store},
        "client": {"S": entry.client},
        "details": {"M": {name: {"S": value} for name, value in entry.details.items()}},
    }


def _read(item: Item) -> LogEntry:
    check_schema(item, SCHEMA, PART)
    return LogEntry(
        id=item["sk"]["S"],
        at=int(item["at"]["N"]),
        type=cast(LogType, item["type"]["S"]),
        level=int(item["level"]["N"]),
        message=item["message"]["S"],
        store=item["store"]["S"],
        client=item["client"]["S"],
        details={name: value["S"] for name, value in item["details"]["M"].items()},
    )
