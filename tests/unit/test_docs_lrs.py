"""The document for who makes content tells every call, option, status and limit of the record store, and no other."""

from dataclasses import asdict

from chalicelib.lrs import keys, multipart
from chalicelib.lrs.access import basic, clients, connections, fields, guard, origins, slugs
from chalicelib.lrs.access.authority import HOME_PAGE
from chalicelib.lrs.access.permissions import PERMISSIONS, giving
from chalicelib.lrs.cmi5 import request, tokens
from chalicelib.lrs.documents import changing
from chalicelib.lrs.logs.service import LONGEST_MESSAGE, RETENTION_DAYS
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.registries import entries, merging
from chalicelib.lrs.statements import formats, preparing, recording, references
from chalicelib.lrs.validation import rsa, signatures
from chalicelib.web import routing
from chalicelib.web.lrs import alternate, listing, persons
from chalicelib.web.lrs import documents as web_documents
from chalicelib.web.lrs.documentation import records
from chalicelib.web.refusals import MethodNotAllowed
from infra.template import api
from tests.documents import DOCUMENTS, PROJECT, code, named, once, table, tables, text_of


def test_every_call_stands_there_with_its_right_and_its_parameters() -> None:
    rows = {code(row["call"])[0]: row for row in table("lrs.md", "Calls")}
    assert list(rows) == [f"{route.method} {route.path}" for route in routing.RECORD_ROUTES]
    for route, row in zip(routing.RECORD_ROUTES, rows.values(), strict=True):
        assert once(code(row["query parameters"])) == route.query, route.name
        if route.open:
            assert row["right"] == "open"
        else:
            assert set(giving(*code(row["right"]))) == set(route.permissions), route.name


def test_every_pipeline_option_stands_there_with_its_default() -> None:
    told = {
        code(row["option"])[0]: "".join(code(row["default"])) for row in table("lrs.md", "Pipeline options")
    }
    assert told == {
        name: str(default).lower() if isinstance(default, bool) else default
        for name, default in asdict(PipelineOptions()).items()
    }
    assert f"`{HOME_PAGE}`" in text_of("lrs.md")


def test_every_status_stands_there() -> None:
    own = {status for route in routing.RECORD_ROUTES for status in records.statuses(route)}
    gateway = {status for status, _, _ in api.RESPONSES.values() if status}
    told = [int(row["status"]) for row in table("lrs.md", "Errors")]
    assert told == sorted(own | gateway | {MethodNotAllowed.status})


def test_every_permission_is_told_somewhere() -> None:
    texts = [path.read_text() for path in DOCUMENTS]
    assert [name for name in PERMISSIONS if not any(f"`{name}`" in text for text in texts)] == []


def test_every_field_with_an_endpoint_is_told() -> None:
    text = text_of("lrs.md")
    assert [
        name for name in clients.READ_ONLY if name.endswith("_endpoint") and f"`{name}`" not in text
    ] == []
    assert len(named(table("lrs.md", "Getting started"), "looks like")) == 4


def test_limits_are_those_of_the_code() -> None:
    assert {row["limit"]: row["value"] for row in table("lrs.md", "Limits")} == {
        "document": f"{changing.MOST_BYTES:,} bytes",
        "`stateId`, `profileId`": f"{web_documents.LONGEST_ID:,} characters",
        "`activityId` of a document": f"{web_documents.LONGEST_IRI:,} characters",
        "media type of a document": f"{web_documents.LONGEST_TYPE} characters",
        "page of the Data API and of the log": f"{listing.LIMIT} items, at most {listing.MOST_PER_PAGE}",
        "`search`": f"{entries.LONGEST_SEARCH} characters, the rest is cut",
        "agents that one call makes one person": f"{persons.MOST_AGENTS}, in {persons.MOST_PERSONS} persons",
        "origins in `cors`": f"{origins.MOST}",
        "text of the Access API": f"{fields.MAX_LENGTH} characters",
        "password, at least": f"{clients.SHORTEST_PASSWORD} characters",
        "slug": f"{slugs.LONGEST} characters",
        "prefix of a connection": f"{connections.LONGEST_PREFIX} characters",
        "`activity_id` of a token": f"{request.LONGEST_ACTIVITY:,} characters",
        "`agent` of a token": f"{request.LARGEST_AGENT:,} bytes",
        "agents, activities and terms that one request names": f"{preparing.MOST_NAMED:,}",
        "languages of one `Accept-Language`": f"{formats.MOST_RANGES}",
        "certificates of a signature": f"{signatures.MOST_CERTIFICATES}",
        "key of a signature": f"{rsa.MOST_BITS:,} bits",
        "wait for another request with the same statement id": f"{recording.PATIENCE_SECONDS:g} s",
        "a change of a document, sent again, is answered as done for": f"{changing.RETRY_SECONDS:g} s",
        "log": f"{RETENTION_DAYS} days",
    }


def test_bounds_in_the_security_document_are_those_of_the_code() -> None:
    assert {row["what"]: row["bound"] for row in tables("security.md", "Bounds")[1]} == {
        "`Authorization` header": f"{basic.MAX_HEADER_LENGTH:,} characters",
        "passwords that a process remembers": f"{guard.REMEMBERED:,}",
        "clients of one user name that a wrong password is checked against": f"{guard.NAMESAKES}",
        "life of a cmi5 token": f"{tokens.LIFE_SECONDS // 3600} h",
        "headers of one part of a body": f"{multipart.HEADER_BYTES:,} bytes",
        "form of the alternate request syntax": f"{alternate.MOST_FIELDS} fields",
        "exponent of a signature's key": f"{rsa.MOST_EXPONENT_BITS} bits",
        "lease of a batch of statements": f"{recording.LEASE_SECONDS} s",
        "claim of a batch on attachments": f"{recording.CLAIM_SECONDS:,} s",
        "statements that wait for one target": f"{references.MOST_REFERRERS:,}",
        "merged definition of an activity": f"{merging.LARGEST_TEXT // 1024} KiB",
        "names of an agent": f"{merging.MOST_NAMES}",
        "message of the general log": f"{LONGEST_MESSAGE} characters",
    }
    text = " ".join(text_of("security.md").split())
    assert f"from {keys.LONGEST_KEY_BYTES + 1} bytes on" in text
    assert f"cut at {LONGEST_MESSAGE} characters" in text
    assert all(f"{name}: {value}" in text for name, value in web_documents._GUARDED.items())


def test_the_sweep_says_in_the_log_what_the_operations_tell() -> None:
    told = named(table("operations.md", "Reading the log"), "look for")
    source = (PROJECT / "chalicelib/workers/record_sweep.py").read_text()
    assert [words for words in told if words in source and " " in words]
