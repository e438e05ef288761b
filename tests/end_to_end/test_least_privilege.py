"""Every function with the rights of its own role, and no more: the emulator refuses what a role does not allow."""

import json
import re
import time
from uuid import uuid4

import pytest

from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.file_server import FileServer
from tests.end_to_end.system import System, entry, eventually

FUNCTIONS = ("api", "intake", "file-worker", "apply", "maintenance", "dead-letters", "sweep")
REFUSED = re.compile(
    'AccessDenied|not authorized|Traceback|"message":"failed"|"level":"(ERROR|CRITICAL)"|"returned":[1-9]'
)


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    return local_stack.with_settings(enforce_roles=True)


@pytest.fixture(scope="module", autouse=True)
def since(system: System) -> float:
    return time.time()


def test_files_are_accepted_fetched_indexed_sent_and_applied(system: System, file_server: FileServer) -> None:
    number = f"0600-{uuid4().hex[:8]}"
    dropped = system.drop([entry("add-article", number, F_3="x" * 20_000)])  # too large for a message
    assert system.finished(dropped).state == "succeeded"
    url = file_server.put(
        f"/{number}.json", json.dumps([entry("replace-article-feature", number, F_3="y")]).encode()
    )
    system.submit(url)
    assert system.finished(url).state == "succeeded"
    # Every object of the bucket has a version; a second one under the same key is a file of its own.
    for value in ("1", "2"):
        again = system.drop([entry("replace-article-feature", number, F_4=value)], "same-key.json")
        assert system.finished(again).state == "succeeded"
    assert system.article(number) == {"id": number, "F_1": number, "F_3": "y", "F_4": "2"}
    by_key = system.drop([entry("add-article", number + "s3")], "outside/by key.json")
    system.finished(by_key)
    system.submit(by_key)  # s3://bucket/key is a URL as well
    assert system.finished(by_key).state == "succeeded"
    assert system.api.post("articles/update", {"F_1": number, "F_3": "z"}).status == 200
    assert system.api.post("articles", {"F_1": number, "customNumber": number + "c"}).status == 200
    update, key = {"F_1": number, "F_3": "under a key"}, {"Idempotency-Key": number}
    answers = [system.api.call("POST", "/api/v1/articles/update", update, key) for _ in range(2)]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    system.forget_articles([number, number + "c"])


def test_a_missing_file_is_recorded_as_missing(system: System) -> None:
    system.forget_jobs()
    url = f"s3://{system.description.bucket}/delta/{uuid4().hex}.json"
    system.submit(url)
    assert system.finished(url).state == "failed"
    assert system.api.get("jobs/failedfiles").data == [url]


def test_failures_are_listed_retried_flushed_and_cleared(system: System) -> None:
    system.forget_jobs()
    number = f"0601-{uuid4().hex[:8]}"
    name = system.drop([entry("replace-article-feature", number, F_3="1")] * 3)
    assert system.finished(name).counts["blocked"] == 2
    assert system.api.get("jobs/failedjob").data["payload"]["articleData"] == {"F_1": number, "F_3": "1"}
    ticket = system.api.post("jobs/retry", {"article": number}).data["ticket"]
    eventually("it fails again", lambda: system.ledger.gates([number])[number].ended == ticket)
    system.api.get("jobs/flush")
    eventually("its gate is gone", lambda: number not in system.ledger.gates([number]))
    eventually("flushed", lambda: system.finished(name).counts.get("flushed") == 3)
    free = system.drop([entry("add-article", number)])
    assert system.finished(free).state == "succeeded"
    with system.paused("apply"):
        held = system.drop([entry("replace-article-feature", number, F_3="2")])
        eventually("it waits", lambda: system.api.get("jobs/files").data == [held])
        system.api.get("jobs/clear")
    assert system.finished(held).state == "cleared"
    system.api.get("jobs/clearsuccessful")
    assert system.api.get("jobs/successfulfiles").data == []


def test_dead_letters_are_recorded_resent_and_parked(system: System) -> None:
    system.forget_jobs()
    number = f"0602-{uuid4().hex[:8]}"
    sqs, url = system.client("sqs"), system.queue_url("DeltaArticleQueueUrl")
    with system.paused("apply"):
        name = system.drop([entry("add-article", number, F_3="x" * 20_000)])
        message = eventually("sent", lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bury(system, "DeltaArticleDeadQueueUrl", message["Body"])
        assert system.finished(name).counts["failed"] == 1
        ticket = system.api.post("jobs/retry", {}).data["ticket"]
        message = eventually("a drain", lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert json.loads(message["Body"])["drain"]["ticket"] == ticket
        bury(system, "DeltaArticleDeadQueueUrl", message["Body"])
    eventually("it has succeeded", lambda: name in system.api.get("jobs/successfulfiles").data)
    bury(system, "DeltaArticleDeadQueueUrl", "garbage")
    parking = system.queue_url("ParkingQueueUrl")
    eventually("parked", lambda: sqs.receive_message(QueueUrl=parking).get("Messages"))


def bury(system: System, output: str, body: str) -> None:
    system.client("sqs").send_message(
        QueueUrl=system.queue_url(output),
        MessageBody=body,
        MessageGroupId="dead",
        MessageDeduplicationId=uuid4().hex,
    )


def test_the_sweep_wakes_what_lost_its_wake_up(system: System, file_server: FileServer) -> None:
    system.invoke("sweep")
    url = file_server.put("/swept.json", b"[]")
    with system.paused("file-worker"):
        system.submit(url)
        system.client("sqs").purge_queue(QueueUrl=system.queue_url("DeltaFileQueueUrl"))
    system.invoke("sweep")
    assert system.finished(url).state == "succeeded"


def test_users_come_and_go(system: System) -> None:
    body = {"name": "Role", "email": f"{uuid4().hex}@example.org", "password": "long enough"}
    created = system.api.post("admin/create-user", body)
    assert created.status == 201, created.body
    assert system.api.with_token(created.data["token"]).get("jobs/jobs").data == []
    assert system.api.post("admin/user/renew", body).status == 200
    assert body["email"] in [user["email"] for user in system.api.get("admin/users").data]
    assert system.api.call("DELETE", "/api/v1/admin/user", {"email": body["email"]}).status == 200


def test_every_function_was_at_work_and_none_was_refused_anything(system: System, since: float) -> None:
    lines = {name: system.log_lines(name, since) for name in FUNCTIONS}
    assert [name for name, of_one in lines.items() if not any('"service"' in line for line in of_one)] == []
    assert [line for of_one in lines.values() for line in of_one if REFUSED.search(line)] == []


def test_a_role_that_lacks_a_statement_is_refused(system: System) -> None:
    """So the tests before this one have shown something: the emulator does look at the roles."""
    iam, name = system.client("iam"), system.function_name("sweep")
    configuration = system.client("lambda").get_function_configuration(FunctionName=name)
    role = configuration["Role"].rpartition("/")[2]
    policy = iam.get_role_policy(RoleName=role, PolicyName="sweep")["PolicyDocument"]
    fewer = [statement for statement in policy["Statement"] if statement["Sid"] != "UseLedger"]
    assert len(fewer) == len(policy["Statement"]) - 1
    changed = json.dumps({**policy, "Statement": fewer})
    iam.put_role_policy(RoleName=role, PolicyName="sweep", PolicyDocument=changed)
    try:
        answer = system.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        assert answer["FunctionError"]
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="sweep", PolicyDocument=json.dumps(policy))
    system.invoke("sweep")
