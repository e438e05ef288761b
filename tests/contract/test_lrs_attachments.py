"""What the records of attachments promise, held by the ones in memory and the ones on DynamoDB (moto)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.adapters.dynamodb_attachments import DynamoAttachmentRecords
from chalicelib.errors import Unavailable
from chalicelib.ports.attachments import AttachmentRecord, AttachmentRecords
from tests.contract.ledger_table import dynamodb_client
from tests.contract.records_table import records_table
from tests.doubles.attachments import MemoryAttachmentRecords

A, B = "a" * 64, "b" * 64


@pytest.fixture(params=["memory", "dynamodb"])
def records(request: pytest.FixtureRequest) -> Iterator[AttachmentRecords]:
    if request.param == "memory":
        yield MemoryAttachmentRecords()
        return
    with records_table() as (client, table):
        yield DynamoAttachmentRecords(client, table)


def one(records: AttachmentRecords, sha256: str = A) -> AttachmentRecord:
    return records.get_many("s", [sha256])[sha256]


def test_a_claim_makes_the_record(records: AttachmentRecords) -> None:
    made = records.claim("s", A, "one", 100, "g1")
    assert made == AttachmentRecord("s", A, "g1", claims={"one": 100}, due=100)
    assert records.get_many("s", [A, B]) == {A: made}
    assert records.get_many("other", [A]) == {}


def test_the_same_content_in_two_stores_is_two_records(records: AttachmentRecords) -> None:
    records.claim("s", A, "one", 100, "g1")
    assert records.claim("t", A, "two", 50, "g2").generation == "g2"
    assert one(records).claims == {"one": 100}


def test_a_second_claim_joins_the_first_and_keeps_its_generation(records: AttachmentRecords) -> None:
    records.claim("s", A, "one", 100, "g1")
    found = records.claim("s", A, "two", 200, "g2")
    assert (found.generation, found.claims, found.due) == ("g1", {"one": 100, "two": 200}, 200)
    again = records.claim("s", A, "one", 300, "g3")
    assert again.claims == {"one": 300, "two": 200}
    assert again == one(records)


def test_what_is_stored_is_noted_for_the_generation_that_is_claimed(records: AttachmentRecords) -> None:
    assert records.mark_stored("s", A, "one", "g1", 7) is False
    records.claim("s", A, "one", 100, "g1")
    assert records.mark_stored("s", A, "two", "g1", 7) is False
    assert records.mark_stored("s", A, "one", "g2", 7) is False
    assert one(records).stored is False
    assert records.mark_stored("s", A, "one", "g1", 7) is True
    assert records.mark_stored("s", A, "one", "g1", 7) is True
    assert (one(records).stored, one(records).size) == (True, 7)


def test_the_last_claim_takes_the_due_time_along(records: AttachmentRecords) -> None:
    records.claim("s", A, "one", 100, "g1")
    records.claim("s", A, "two", 200, "g1")
    records.release("s", A, "one")
    assert (one(records).claims, one(records).due) == ({"two": 200}, 200)
    records.release("s", A, "one")
    records.release("s", A, "two")
    assert (one(records).claims, one(records).due) == ({}, None)
    records.release("s", A, "two")
    records.release("s", B, "two")
    assert records.get_many("s", [B]) == {}


@pytest.mark.parametrize("more", [{"wanted": True}, {"leftovers": ("g0",)}])
def test_what_is_still_to_be_done_stays_due(records: AttachmentRecords, more: dict[str, bool]) -> None:
    records.replace(replace(records.claim("s", A, "one", 100, "g1"), **more))
    records.release("s", A, "one")
    assert (one(records).claims, one(records).due) == ({}, 100)


def test_no_claim_is_taken_of_what_is_being_freed(records: AttachmentRecords) -> None:
    freeing = records.replace(
        replace(records.claim("s", A, "one", 100, "g1"), claims={}, freeing="f", freeing_until=500, due=500)
    )
    assert freeing is not None
    assert records.claim("s", A, "two", 900, "g2") == freeing == one(records)
    assert records.mark_stored("s", A, "two", "g1", 1) is False


def test_every_field_comes_back(records: AttachmentRecords) -> None:
    full = replace(
        records.claim("s", A, "one", 100, "g1"),
        generation="g2",
        stored=True,
        size=12,
        claims={"two": 5},
        freeing="f",
        freeing_until=77,
        leftovers=("g0", "g1"),
        wanted=True,
        due=99,
    )
    assert records.replace(full) == replace(full, revision=2) == one(records)
    bare = replace(full, revision=2, freeing=None, freeing_until=0, leftovers=(), wanted=False, due=None)
    assert records.replace(bare) == replace(bare, revision=3) == one(records)


def test_a_change_against_another_revision_does_nothing(records: AttachmentRecords) -> None:
    first = records.claim("s", A, "one", 100, "g1")
    second = records.claim("s", A, "two", 100, "g1")
    assert records.replace(replace(first, stored=True)) is None
    assert records.remove(first) is False
    assert one(records) == second
    assert records.remove(second) is True
    assert records.remove(second) is False
    assert records.replace(second) is None
    assert records.get_many("s", [A]) == {}


def test_each_change_is_a_new_revision(records: AttachmentRecords) -> None:
    seen = [records.claim("s", A, "one", 100, "g1").revision]
    records.mark_stored("s", A, "one", "g1", 1)
    seen.append(one(records).revision)
    seen.append(records.claim("s", A, "one", 200, "g1").revision)
    records.release("s", A, "one")
    seen.append(one(records).revision)
    assert seen == sorted(set(seen))


def test_what_is_due_comes_oldest_first_and_of_all_stores(records: AttachmentRecords) -> None:
    hashes = [f"{number:x}{'0' * 63}" for number in range(8)]
    for number, sha256 in enumerate(hashes):
        records.claim(f"s{number % 2}", sha256, "one", 1000 - number, "g")
    assert [record.sha256 for record in records.due(998, 10)] == hashes[:2:-1]
    assert [record.sha256 for record in records.due(998, 2)] == hashes[:5:-1]
    assert records.due(993, 10) == []


def test_many_are_read_at_once(records: AttachmentRecords) -> None:
    hashes = [f"{number:064x}" for number in range(120)]
    for sha256 in hashes[:110]:
        records.claim("s", sha256, "one", 1000, "g")
    assert sorted(records.get_many("s", [*hashes, hashes[0]])) == hashes[:110]
    assert records.get_many("s", []) == {}


def test_an_item_of_a_newer_release_is_not_read() -> None:
    with records_table() as (client, table):
        records = DynamoAttachmentRecords(client, table)
        records.claim("s", A, "one", 100, "g1")
        key = {"pk": {"S": f"attachment#s#{A}"}, "sk": {"S": "attachment"}}
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #schema = :new",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":new": {"N": "2"}},
        )
        with pytest.raises(Unavailable):
            records.get_many("s", [A])


CALLS = {
    "get_many": lambda records: records.get_many("s", [A]),
    "claim": lambda records: records.claim("s", A, "one", 1, "g"),
    "mark_stored": lambda records: records.mark_stored("s", A, "one", "g", 1),
    "release": lambda records: records.release("s", A, "one"),
    "replace": lambda records: records.replace(AttachmentRecord("s", A, "g")),
    "remove": lambda records: records.remove(AttachmentRecord("s", A, "g")),
    "due": lambda records: records.due(5, 5),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_the_service_is_unavailable(name: str) -> None:
    with dynamodb_client() as client, pytest.raises(Unavailable) as caught:  # no table
        CALLS[name](DynamoAttachmentRecords(client, "secret-table-name"))
    assert caught.value.reason == "ResourceNotFoundException"
    assert "secret-table-name" not in str(caught.value)
