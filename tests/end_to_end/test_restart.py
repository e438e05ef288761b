"""Stopping and starting a stack, also after OpenSearch was killed, loses nothing that was acknowledged."""

import json
import os
import signal
from uuid import uuid4

from infra.local.stack import Stack
from tests.end_to_end.conftest import ROOT, LocalStack
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.lrs_statements import ANN, statement, voiding
from tests.end_to_end.system import System, entry


def kill_opensearch() -> None:
    """End the node as a power cut would."""
    (node,) = (part for part in Stack(ROOT).status() if part.name == "opensearch")
    assert node.pid is not None
    os.kill(node.pid, signal.SIGKILL)


def test_articles_users_and_jobs_outlive_a_killed_node_and_a_restart(
    system: System, local_stack: LocalStack
) -> None:
    number, gone = f"0700-{uuid4().hex[:8]}", f"0701-{uuid4().hex[:8]}"
    body = {"name": "Stays", "email": f"{uuid4().hex}@example.org", "password": "long enough"}
    token = system.api.post("admin/create-user", body).data["token"]
    good = system.drop([entry("add-article", number, F_3="by a file"), entry("add-article", gone)])
    bad = system.drop([entry("delete-article", f"{number}-missing"), entry("add-article", f"{number}-2")])
    assert system.finished(good).state == "succeeded"
    assert system.finished(bad).state == "failed"
    assert system.api.get(f"articles/delete/{gone}").data["result"] == "deleted"
    # Written last, and killed the moment it was acknowledged.
    assert system.api.post("articles/update", {"F_1": number, "F_4": "by a client"}).status == 200
    kill_opensearch()

    down = system.api.call("GET", f"/api/v1/articles/{number}")
    assert down.status == 503
    assert down.json["status"] == "error"
    assert int(down.headers["retry-after"]) > 0
    assert "opensearch" not in down.message.lower()
    assert system.api.get("jobs/successfulfiles").data == [good]  # needs no search engine

    failures = system.api.get("jobs/failedjobs").json
    meanwhile = system.drop([entry("replace-article-feature", number, F_5="sent while it was down")])
    after = local_stack.restart()
    assert after.api.with_token(token).get("jobs/failedjobs").json == failures
    assert after.api.get("jobs/failedfiles").data == [bad]
    assert after.article(gone) is None
    assert after.finished(meanwhile).state == "succeeded"
    assert after.article(number) == {
        "id": number,
        "F_1": number,
        "F_3": "by a file",
        "F_4": "by a client",
        "F_5": "sent while it was down",
    }
    assert after.api.get("jobs/successfulfiles").data == [good, meanwhile]


def test_the_record_store_outlives_a_killed_node_and_a_restart(
    system: System, local_stack: LocalStack
) -> None:
    lrs = LrsCaller(system.description.lrs[0])
    content, large = uuid4().bytes, uuid4().bytes * 30_000
    about = str(statement()["object"]["id"])
    attached, voided = lrs.record(statement(about), [content]), lrs.record(statement(about))
    by = lrs.record(voiding(voided))
    where = {"activityId": about, "agent": json.dumps(ANN), "stateId": "large"}
    assert lrs.xapi("PUT", "activities/state", where, large).status == 204
    last = lrs.record(statement(about))
    exact = lrs.read(last)
    kill_opensearch()  # the moment the last was acknowledged

    down = lrs.xapi("GET", "statements", {"statementId": last})
    assert down.status == 503
    assert int(down.headers["retry-after"]) > 0
    assert lrs.xapi("GET", "activities/state", where).body == large  # needs no search engine

    after = LrsCaller(local_stack.restart().description.lrs[0])
    assert after.ready == lrs.ready
    assert after.read(last) == exact
    assert after.find(activity=about) == [last, by, attached]
    assert after.xapi("GET", "statements", {"voidedStatementId": voided}).status == 200
    answer = after.xapi("GET", "statements", {"statementId": attached, "attachments": "true"})
    assert content in answer.body
    assert after.xapi("GET", "activities/state", where).body == large
    later = after.record(statement(about))
    assert after.find(activity=about)[0] == later
    assert after.read(later)["stored"] > exact["stored"]
