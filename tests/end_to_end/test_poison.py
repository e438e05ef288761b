"""What nobody can read, or what was given up, ends where a person finds it; nothing behind it is held up."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.end_to_end.system import System, entry, eventually


@contextmanager
def impatient(system: System, output: str) -> Iterator[str]:
    """A queue that gives a message up after two tries within seconds: what takes hours otherwise."""
    sqs, url = system.client("sqs"), system.queue_url(output)
    names = ["VisibilityTimeout", "RedrivePolicy"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    redrive = json.loads(before["RedrivePolicy"]) | {"maxReceiveCount": 2}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(redrive)}
    )
    try:
        yield url
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def send(system: System, url: str, body: str) -> None:
    fifo = {"MessageGroupId": "garbage", "MessageDeduplicationId": uuid4().hex} if ".fifo" in url else {}
    system.client("sqs").send_message(QueueUrl=url, MessageBody=body, **fifo)


def parked(system: System, body: str) -> dict[str, Any] | None:
    """What stands in the parking queue about this body, taken from it."""
    sqs, url = system.client("sqs"), system.queue_url("ParkingQueueUrl")
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found: dict[str, Any] = json.loads(message["Body"])
        if found["body"] == body:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return found
    return None


@pytest.mark.parametrize(
    ("output", "source"),
    [("DeltaArticleQueueUrl", "delta-article-dead"), ("DeltaNoticesQueueUrl", "delta-notices-dead")],
)
@pytest.mark.parametrize("body", ["no JSON \U0001f4a1", '{"v": 99}'])
def test_what_cannot_be_read_is_parked_and_holds_nothing_up(
    body: str, output: str, source: str, system: System
) -> None:
    with impatient(system, output) as url:
        send(system, url, body)
        good = system.drop([entry("add-article", f"0500-{uuid4().hex[:8]}")])
        assert system.finished(good).state == "succeeded"
        found = eventually("it is parked", lambda: parked(system, body))
    assert found["source"].startswith(source)
    assert found["why"]


@pytest.mark.parametrize("output", ["DeltaFileQueueUrl", "MaintenanceQueueUrl"])
def test_a_wake_up_that_says_nothing_is_forgotten(output: str, system: System) -> None:
    with impatient(system, output) as url:
        send(system, url, "garbage")
        good = system.drop([entry("add-article", f"0501-{uuid4().hex[:8]}")])
        assert system.finished(good).state == "succeeded"
        dead = system.queue_url(output.replace("QueueUrl", "DeadQueueUrl"))
        eventually("the queues are empty", lambda: depth(system, url) + depth(system, dead) == 0)


def depth(system: System, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = system.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in found.values())


def test_an_entry_that_was_given_up_is_a_failed_job_that_can_be_retried(system: System) -> None:
    system.forget_jobs()
    number = f"0502-{uuid4().hex[:8]}"
    sqs, url = system.client("sqs"), system.queue_url("DeltaArticleQueueUrl")
    with system.paused("apply"):
        name = system.drop([entry("add-article", number, F_3="x")])
        message = eventually("it is sent", lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        send(system, system.queue_url("DeltaArticleDeadQueueUrl"), message["Body"])
        assert system.finished(name).counts["failed"] == 1
    failed = system.api.get("jobs/failedjob").data
    assert "dead-letter queue" in failed["errors"][0]
    assert failed["payload"]["articleData"]["F_1"] == number
    assert system.article(number) is None
    assert system.api.post("jobs/retry", {"file": name}).status == 202
    eventually("it has succeeded", lambda: name in system.api.get("jobs/successfulfiles").data)
    assert system.article(number) == {"id": number, "F_1": number, "F_3": "x"}


def test_a_message_that_comes_again_after_its_entry_is_recorded_changes_nothing(system: System) -> None:
    number = f"0503-{uuid4().hex[:8]}"
    sqs, url = system.client("sqs"), system.queue_url("DeltaArticleQueueUrl")
    with system.paused("apply"):
        name = system.drop([entry("add-article", number, F_3="by the file")])
        message = eventually("it is sent", lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
        send(system, url, message["Body"])  # once more; the first becomes visible again by itself
    assert system.finished(name).state == "succeeded"
    assert system.api.post("articles/update", {"F_1": number, "F_3": "by a client"}).status == 200
    send(system, url, message["Body"])
    eventually("every message was taken", lambda: depth(system, url) == 0)
    time.sleep(0.2)
    article = system.article(number)
    assert article is not None
    assert article["F_3"] == "by a client"
    assert system.finished(name).counts["succeeded"] == 1
