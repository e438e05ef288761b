"""What every keeper of baselines promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb_export_baselines import SCHEMA, DynamoExportBaselines
from chalicelib.errors import Unavailable
from chalicelib.ports.export_baselines import ExportBaselines
from tests.contract.records_table import records_table
from tests.doubles.export_baselines import MemoryExportBaselines


@pytest.fixture(params=["memory", "dynamodb"])
def baselines(request: pytest.FixtureRequest) -> Iterator[ExportBaselines]:
    if request.param == "memory":
        yield MemoryExportBaselines()
        return
    with records_table() as (client, name):
        yield DynamoExportBaselines(client, name)


def test_a_key_without_a_time_has_none(baselines: ExportBaselines) -> None:
    assert baselines.get("a") is None


def test_a_time_moves_forward_and_never_back(baselines: ExportBaselines) -> None:
    for time, then in ((20, 20), (10, 20), (20, 20), (1_800_000_000_000_000, 1_800_000_000_000_000)):
        baselines.advance("a", time)
        assert baselines.get("a") == then
    assert baselines.get("b") is None


def test_a_time_that_a_newer_release_wrote_is_not_read() -> None:
    with records_table() as (client, name):
        baselines = DynamoExportBaselines(client, name)
        baselines.advance("a", 1)
        client.update_item(
            TableName=name,
            Key={"pk": {"S": "export-baseline"}, "sk": {"S": "a"}},
            UpdateExpression="SET #schema = :next",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":next": {"N": str(SCHEMA + 1)}},
        )
        with pytest.raises(Unavailable):
            baselines.get("a")
