"""Baselines of exports in DynamoDB, in the table of jobs.

Item: `pk` = `export-baseline`, `sk` = the key; `schema`, `time` (microseconds since 1970).
"""

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_schema import check_schema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The job store"
_PARTITION = "export-baseline"


class DynamoExportBaselines:
    """The `ExportBaselines` on a table with string keys `pk` and `sk`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get(self, key: str) -> int | None:
        """One strongly consistent GetItem."""
        with answered(PART):
            answer = self._client.get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        check_schema(item, SCHEMA, PART)
        return int(item["time"]["N"])

    def advance(self, key: str, time: int) -> None:
        """One conditional PutItem: whoever is behind writes nothing."""
        with answered(PART):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={**_key(key), "schema": {"N": str(SCHEMA)}, "time": {"N": str(time)}},
                    ConditionExpression="attribute_not_exists(pk) OR #time < :time",
                    ExpressionAttributeNames={"#time": "time"},
                    ExpressionAttributeValues={":time": {"N": str(time)}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return


def _key(key: str) -> dict[str, Any]:
    return {"pk": {"S": _PARTITION}, "sk": {"S": key}}
