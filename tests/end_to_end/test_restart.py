"""Stopping and starting a stack, also after OpenSearch was killed, loses nothing that was acknowledged."""

import os
import signal
from uuid import uuid4

from infra.local.stack import Stack
from tests.end_to_end.conftest import ROOT, LocalStack
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
