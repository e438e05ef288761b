"""The DynamoDB table of the ledger as tests make it: on moto, or on the emulator at `AWS_ENDPOINT_URL`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from uuid import uuid4

import boto3
from botocore.config import Config
from moto import mock_aws
from mypy_boto3_dynamodb import DynamoDBClient

from tests.doubles.clock import FakeClock


@dataclass(frozen=True)
class TableOfTest:
    """A table with nothing in it, and a client for it that does not retry."""

    client: DynamoDBClient
    name: str
    clock: FakeClock = field(default_factory=FakeClock)


@contextmanager
def dynamodb_client() -> Iterator[DynamoDBClient]:
    """A client of moto, or of the emulator that the environment names."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    with nullcontext() if endpoint else mock_aws():
        yield boto3.client(
            "dynamodb",
            region_name=os.environ.get("AWS_REGION", "eu-central-1"),
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "testing"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "testing"),
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=10),
        )


@contextmanager
def ledger_table(client: DynamoDBClient) -> Iterator[TableOfTest]:
    """A table of its own for one test."""
    name = f"ledger-{uuid4().hex[:12]}"
    strings = ("pk", "sk", "failures_pk", "failures_sk")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": string, "AttributeType": "S"} for string in strings],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "failures",
                "KeySchema": [
                    {"AttributeName": "failures_pk", "KeyType": "HASH"},
                    {"AttributeName": "failures_sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    yield TableOfTest(client, name)
    client.delete_table(TableName=name)
