"""Jobs in DynamoDB: an item per job, an item per line of its log, and a sparse index of what is due.

The index `due` holds keys only: a page of a run moves a small entry, not its plan. Its partitions are few, so a tick
costs a query for each, and a read for every job that is due.
"""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_job_items import (
    PART,
    SHARDS,
    due_pk,
    job_key,
    log_pk,
    read_due,
    read_event,
    read_job,
    write_event,
    write_job,
)
from chalicelib.errors import Unavailable
from chalicelib.ports.jobs import DueJob, JobEvent, JobPage, JobRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "due"
DELETES_PER_CALL = 25  # BatchWriteItem
TRIES_TO_DELETE = 8

Item = dict[str, Any]


class DynamoJobs:
    """The `JobStore` on a table with string keys `pk`, `sk` and the index `due` (`due_pk`, `due_at`; keys only)."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self.table = client, table

    def get(self, kind: str, job_id: str) -> JobRecord | None:
        """One strongly consistent GetItem."""
        with answered(PART):
            answer = self._client.get_item(
                TableName=self.table, Key=job_key(kind, job_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else read_job(item)

    def put(self, job: JobRecord, expected: int | None) -> JobRecord | None:
        """One conditional PutItem; one that was sent twice for want of an answer is known by its writer."""
        stored = replace(job, version=(expected or 0) + 1)
        item = write_job(stored, secrets.token_hex(8))
        request: Item = {
            "TableName": self.table,
            "Item": item,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if expected is None:
            request |= {"ConditionExpression": "attribute_not_exists(pk)"}
        else:
            request |= {
                "ConditionExpression": "#version = :expected",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":expected": {"N": str(expected)}},
            }
        with answered(PART):
            try:
                self._client.put_item(**request)
            except self._client.exceptions.ConditionalCheckFailedException as error:
                found: Any = error.response.get("Item") or {}
                return stored if found.get("writer") == item["writer"] else None
        return stored

    def delete(self, job: JobRecord) -> bool:
        """One conditional DeleteItem, then the log, 25 lines a call; lines that a crash leaves are expired by TTL."""
        with answered(PART):
            try:
                self._client.delete_item(
                    TableName=self.table,
                    Key=job_key(job.type, job.id),
                    ConditionExpression="#version = :version",
                    ExpressionAttributeNames={"#version": "version"},
                    ExpressionAttributeValues={":version": {"N": str(job.version)}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        self._forget_log(job)
        return True

    def page(self, kind: str, cursor: str | None, limit: int) -> JobPage:
        """Strongly consistent Queries of 1 MB, until the page is full."""
        items = self._after(f"jobs#{kind}", cursor, limit + 1)
        jobs = [read_job(item) for item in items[:limit]]
        return JobPage(tuple(jobs), jobs[-1].id if len(items) > limit else None)

    def due(self, now: int, limit: int) -> list[DueJob]:
        """A Query for each partition of the index."""
        found: list[DueJob] = []
        for shard in range(SHARDS):
            found += self._due_in(due_pk(shard), now, limit)
        return sorted(found, key=lambda job: (job.due_at, job.type, job.id))[:limit]

    def add_event(self, job: JobRecord, event: JobEvent) -> None:
        """One PutItem."""
        with answered(PART):
            self._client.put_item(TableName=self.table, Item=write_event(job, event))

    def events(
        self, kind: str, job_id: str, cursor: str | None, limit: int
    ) -> tuple[list[JobEvent], str | None]:
        """Strongly consistent Queries of 1 MB, until the page is full."""
        items = self._after(log_pk(kind, job_id), cursor, limit + 1)
        events = [read_event(item) for item in items[:limit]]
        return events, events[-1].id if len(items) > limit else None

    def _after(self, partition: str, after: str | None, limit: int) -> list[Item]:
        """So many items of a partition at most, in order, behind a sort key."""
        values: Item = {":pk": {"S": partition}}
        condition = "pk = :pk"
        if after:
            condition += " AND sk > :after"
            values[":after"] = {"S": after}
        request: Item = {
            "TableName": self.table,
            "ConsistentRead": True,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        return self._query(request, limit)

    def _due_in(self, partition: str, now: int, limit: int) -> list[DueJob]:
        request: Item = {
            "TableName": self.table,
            "IndexName": INDEX,
            "KeyConditionExpression": "due_pk = :pk AND due_at < :end",
            # Behind all that is due at that very time, whatever its type and id: "$" follows "#".
            "ExpressionAttributeValues": {":pk": {"S": partition}, ":end": {"S": f"{now:017d}$"}},
        }
        return [read_due(item) for item in self._query(request, limit)]

    def _query(self, request: Item, limit: int) -> list[Item]:
        items: list[Item] = []
        while len(items) < limit:
            with answered(PART):
                answer = self._client.query(**request, Limit=limit - len(items))
            items += answer["Items"]
            last = answer.get("LastEvaluatedKey")
            if not last:
                break
            request["ExclusiveStartKey"] = last
        return items

    def _forget_log(self, job: JobRecord) -> None:
        partition = log_pk(job.type, job.id)
        while items := self._after(partition, None, DELETES_PER_CALL):
            self._drop(
                [{"DeleteRequest": {"Key": {name: item[name] for name in ("pk", "sk")}}} for item in items]
            )

    def _drop(self, requests: list[Any]) -> None:
        for _ in range(TRIES_TO_DELETE):
            with answered(PART):
                answer = self._client.batch_write_item(RequestItems={self.table: requests})
            requests = list(answer.get("UnprocessedItems", {}).get(self.table, []))
            if not requests:
                return
        raise Unavailable(PART, "deletions were left unprocessed")
