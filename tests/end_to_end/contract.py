"""The documented calls, as they are sent to a running system and compared with what it answers."""

import json
from pathlib import Path
from typing import Any

from tests.end_to_end.http_client import Answer, HttpClient

_FILE = Path(__file__).resolve().parents[1] / "functional" / "data" / "article-api.contract.json"
CALLS: dict[str, dict[str, Any]] = {
    call["name"]: call for call in json.loads(_FILE.read_text(encoding="utf-8"))
}
# Where the documentation's files are; a test's own web server has another port.
DOCUMENTED_HOST = "http://localhost/"
MIX = "http://localhost/data/test.TestHandleSyncRequestMix.json"
MIX_GZ = MIX + ".gz"

FORMS = ("request_example", "request_example_clean")


def send(api: HttpClient, name: str, form: str = FORMS[0], *, encoded: bool = False) -> Answer:
    """Send a documented request as it stands there; `encoded`: with the quotes of its path as %22."""
    call = CALLS[name]
    path = call["request_path_example"]
    return api.call(call["method"], path.replace('"', "%22") if encoded else path, call[form])


def documented(name: str, host: str = DOCUMENTED_HOST) -> str:
    """The documented answer as text, because the order of keys belongs to it; its files are at `host`."""
    return json.dumps(CALLS[name]["response_example"]).replace(DOCUMENTED_HOST, host)


def as_text(answer: Answer) -> str:
    """An answer in the form of `documented`."""
    return json.dumps(answer.json)
