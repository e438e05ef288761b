"""What an operator runs after a restore of the records table: the command of the operations, word for word."""

import json
import shlex

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb_record_clock import DynamoRecordClock
from tests.contract.records_table import records_table
from tests.documents import DOCUMENTS, fenced


def command() -> dict[str, str]:
    """The options of the update."""
    document = next(path for path in DOCUMENTS if path.name == "operations.md")
    (block,) = [block for block in fenced(document, "sh") if "clock#main" in block]
    words = shlex.split(block.replace("\\\n", " "))
    assert words[:3] == ["aws", "dynamodb", "update-item"]
    return dict(zip(words[3::2], words[4::2], strict=True))


def test_a_restored_clock_forgets_its_batches_and_goes_on() -> None:
    told = command()
    with records_table() as (client, table):
        clock = DynamoRecordClock(client, table)

        def update() -> None:
            client.update_item(
                TableName=table,
                Key=json.loads(told["--key"]),
                UpdateExpression=told["--update-expression"],
                ConditionExpression=told["--condition-expression"],
                ExpressionAttributeNames=json.loads(told["--expression-attribute-names"]),
                ExpressionAttributeValues=json.loads(told["--expression-attribute-values"]),
            )

        with pytest.raises(ClientError):
            update()  # no clock, and none is made
        clock.register("main", "open", 3, 1_000, 2_000)
        clock.register("main", "undone", 1, 1_100, 2_000)
        clock.begin_undo("main", "undone")
        clock.end_undo("main", "undone", 1_200)
        before = clock.read("main")
        assert before.open

        update()

        after = clock.read("main")
        assert (dict(after.open), after.last) == ({}, before.last)
        assert clock.undone_before("main", 10_000) == []
        assert clock.register("main", "next", 1, 5_000, 6_000).first == 5_000
