"""The records table as tests make it: on moto, or on the emulator at `AWS_ENDPOINT_URL`."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from mypy_boto3_dynamodb import DynamoDBClient

from tests.contract.ledger_table import dynamodb_client


@contextmanager
def records_table() -> Iterator[tuple[DynamoDBClient, str]]:
    """A client, and the name of a table of its own for one test: keys `pk`, `sk`, and the index `listing`."""
    name = f"records-{uuid4().hex[:12]}"
    strings = ("pk", "sk", "listing_pk", "listing_sk")
    with dynamodb_client() as client:
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": string, "AttributeType": "S"} for string in strings],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "listing",
                    "KeySchema": [
                        {"AttributeName": "listing_pk", "KeyType": "HASH"},
                        {"AttributeName": "listing_sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        yield client, name
        client.delete_table(TableName=name)
