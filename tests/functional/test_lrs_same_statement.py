"""A statement that was read and is sent back is the one that is there, whatever the store added to it."""

import pytest

from tests.functional.lrs_client import BOTH, LrsClient, statement, uuid

COURSE = {"id": "http://example.org/course", "definition": {"name": {"en": "A course"}}}
CONTEXT = {"contextActivities": {"parent": {"id": "http://example.org/whole"}}}


@pytest.fixture(params=BOTH)
def client(request: pytest.FixtureRequest) -> LrsClient:
    return LrsClient(request.param)


@pytest.mark.parametrize(
    "timestamp", [None, "2026-11-22T06:16:35.1+01:00"], ids=["of the store", "of the client"]
)
def test_what_was_read_may_be_sent_back(timestamp: str | None, client: LrsClient) -> None:
    client.post(statement(1, timestamp=timestamp, context=CONTEXT, object=COURSE))
    read = client.call("GET", {"statementId": uuid(1)})
    assert client.call("POST", body=read.json).json == [uuid(1)]
    assert client.call("PUT", {"statementId": uuid(1)}, read.json).status == 204
    assert client.post(read.json, statement(2)) == [uuid(1), uuid(2)]
    assert client.call("GET", {"statementId": uuid(1)}).text == read.text
    assert client.numbers() == [2, 1]


def test_what_was_read_and_changed_is_a_conflict(client: LrsClient) -> None:
    client.post(statement(1))
    read = client.call("GET", {"statementId": uuid(1)}).json
    for change in (
        {"result": {"success": True}},
        {"timestamp": "2020-01-01T00:00:00.000Z"},
        {"object": {"id": "http://example.org/another"}},
    ):
        answer = client.call("POST", body=[statement(2), {**read, **change}])
        assert answer.status == 409, change
    assert client.numbers() == [1]
