"""A delta file goes in, by the bucket or by URL; its articles and its outcome come out."""

import gzip
import json

from tests.end_to_end.file_server import FileServer
from tests.end_to_end.system import System, entry


def test_an_entry_dropped_in_the_bucket_becomes_an_article(system: System) -> None:
    name = system.drop([entry("add-article", "0100-½", F_3="thin", F_5="")], "thin slice+é.json")
    assert system.finished(name).state == "succeeded"
    assert system.article("0100-%C2%BD") == {"id": "0100-½", "F_1": "0100-½", "F_3": "thin", "F_5": ""}
    assert system.api.get("jobs/successfulfiles").json == {
        "status": "success",
        "message": "successful files found (1)",
        "data": [name],
    }
    assert system.api.get("jobs/jobs").data == []


def test_files_fetched_by_url_are_applied_in_order_and_listed_as_submitted(
    system: System, file_server: FileServer
) -> None:
    system.forget_jobs()
    plain = json.dumps([entry("add-article", "0101", F_3="first")]).encode()
    packed = gzip.compress(json.dumps([entry("replace-article-feature", "0101", F_3="second")]).encode())
    urls = [file_server.put("/a%20b.json?x=1", plain), file_server.put("/b.json.gz", packed)]
    system.submit(*urls)
    for url in urls:
        assert system.finished(url).state == "succeeded"
    assert system.api.get("jobs/successfulfiles").data == urls
    assert system.article("0101") == {"id": "0101", "F_1": "0101", "F_3": "second"}


def test_a_file_that_cannot_be_fetched_is_a_failed_job_and_applies_nothing(
    system: System, file_server: FileServer
) -> None:
    system.forget_jobs()
    missing = file_server.url + "/missing.json"
    system.submit(missing)
    assert system.finished(missing).state == "failed"
    failed = system.api.get("jobs/failedjob").data
    assert failed["payload"]["file"] == missing
    assert failed["payload"]["queue"] == "delta-file"
    assert "404" in failed["errors"][0]
    assert system.api.get("jobs/failedfiles").data == [missing]
    assert system.api.get("jobs/successfulfiles").data == []


def test_a_file_that_breaks_on_its_last_line_applies_nothing(system: System) -> None:
    system.forget_jobs()
    whole = json.dumps(entry("add-article", "0102", F_3="x"))
    name = system.drop((whole + "\n" + whole[:20]).encode(), "broken.ndjson")
    assert system.finished(name).state == "failed"
    assert system.article("0102") is None
    assert "2" in system.api.get("jobs/failedjob").data["errors"][0]
