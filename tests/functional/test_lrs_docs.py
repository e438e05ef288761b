"""The examples of the documents do what the documents say, on the application in this process."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from chalicelib.passwords import hash_password
from chalicelib.ports.lrs_access import StoreRecord
from chalicelib.web import routing
from chalicelib.web.lrs.cors import REQUEST_HEADERS
from tests.documents import DOCUMENTS, fenced
from tests.functional import curl_lines
from tests.functional.gateway import matching
from tests.functional.lrs_site import CHEAP, Site
from tests.functional.requests_gateway import GatewayAdapter

STORE = "https://host/api/lrs/lms/stores/main"
VARIABLES = {
    "CMI5_ENDPOINT": f"{STORE}/cmi5/tokens",
    "field xapi_endpoint": f"{STORE}/xapi",
    "field username": "lms",
}
# What each document calls the password.
PASSWORDS = {"lrs.md": "correct-horse", "statements.md": "secret", "data.md": "secret", "cmi5.md": "secret"}


def document(name: str) -> Path:
    return next(path for path in DOCUMENTS if path.name == name)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    """The store `main`; whatever `requests` calls is answered by the application."""
    made = Site()
    assert made.store.put_store(StoreRecord("id-main", "main", "v1", "Main", 1.0), None)
    adapter = GatewayAdapter(made.gateway)
    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_, **__: adapter)
    return made


def let_in(site: Site, password: str) -> None:
    """The client `lms`, with this password."""
    made = site.client("lms", "main")
    kept = replace(made, version="v2", password_hash=hash_password(password, CHEAP))
    assert site.store.put_client(kept, made.version)


def send(curl: curl_lines.Curl) -> requests.Response:
    return requests.request(
        curl.method,
        curl.url,
        auth=tuple(curl.user.split(":", 1)) if curl.user else None,  # type: ignore[arg-type]
        headers=curl.headers,
        data="&".join(curl.data).encode() or None,
        timeout=30,
    )


@pytest.mark.parametrize("name", [*PASSWORDS, "README.md"])
def test_every_curl_of_the_record_store_succeeds(name: str, site: Site) -> None:
    password = PASSWORDS.get(name, "a password")
    let_in(site, password)
    known = {**VARIABLES, "LOGIN": f"lms:{password}", "field password": password}
    called = 0
    for block in fenced(document(name), "sh"):
        for curl in curl_lines.read(block, known):
            if "/lrs/" in curl.url:
                answer = send(curl)
                assert answer.ok, f"{curl}: {answer.status_code} {answer.text}"
                called += 1
    assert called >= (10 if name == "lrs.md" else 1)


def test_what_curl_shows_is_what_the_document_says(site: Site) -> None:
    let_in(site, "correct-horse")
    (block,) = fenced(document("lrs.md"), "sh")
    answers = [send(curl) for curl in curl_lines.read(block, VARIABLES)]
    shown: list[Any] = [json.loads(answer.text) if answer.text else None for answer in answers]
    about, ids, one, page, _, state, person, activity, _, voided = shown
    assert "2.0.0" in about["version"]
    assert ids == [one["id"]] == [page["statements"][0]["id"]] == [voided["id"]]
    assert state == {"page": 7}
    assert person["name"] == ["Ann"]
    assert activity["definition"]["name"] == {"en-US": "A course"}


def test_the_examples_in_python_run(site: Site) -> None:
    let_in(site, "correct-horse")
    blocks = fenced(document("lrs.md"), "python")
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/lrs.md", "exec"), names)
    assert len(blocks) >= 4
    # what it followed: the batch, once and whole
    assert names["ids"] == names["seen"]


def test_the_sample_of_a_refusal_is_a_real_one(site: Site) -> None:
    let_in(site, "correct-horse")
    (sample,) = fenced(document("lrs.md"), "json")
    wrong = {
        "actor": {"mbox": "ann@example.org"},
        "verb": {"id": "http://a.b/c"},
        "object": {"id": "http://a.b/d"},
    }
    answer = requests.post(
        f"{STORE}/xapi/statements",
        json=wrong,
        auth=("lms", "correct-horse"),
        headers={"X-Experience-API-Version": "2.0.0"},
        timeout=30,
    )
    assert (answer.status_code, answer.json()) == (400, json.loads(sample))


def test_what_scripts_send_is_taken(site: Site) -> None:
    """There is no browser here: addresses, parameters, headers and bodies of the scripts are read and tried."""
    let_in(site, "correct-horse")
    text = "".join(fenced(document("lrs.md"), "js"))
    calls = re.findall(r"\$\{(?:XAPI|endpoint)\}/([\w/]+)(\??)", text)
    assert len(calls) >= 3
    for resource, _ in calls:
        assert matching(routing.LRS.table, f"/lrs/lms/stores/main/xapi/{resource}")
    headers = set(re.findall(r'"([A-Z][\w-]+)": "', text))
    assert headers <= set(REQUEST_HEADERS.split(", ")), headers
    taken = frozenset[str]().union(*(route.query for route in routing.RECORD_ROUTES))
    for parameters in re.findall(r"new URLSearchParams\({(.*?)}\)", text, re.DOTALL):
        assert set(re.findall(r"(\w+):", parameters)) <= taken
    for body in re.findall(r"const STATEMENT = ({.*?^});", text, re.DOTALL | re.MULTILINE):
        answer = requests.post(
            f"{STORE}/xapi/statements",
            json=json.loads(body),
            auth=("lms", "correct-horse"),
            headers={"X-Experience-API-Version": "2.0.0", "Origin": "https://content.example.org"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
