"""Signed statements (Data 2.6; 2.0: 4.2.2.6 and 4.2.7)."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.lrs.conformance.cases.certificate import CERTIFICATE
from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer
from chalicelib.lrs.conformance.mixed import content_part, content_type, statements_part, written
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.samples import HOME, attachment

CHECKS = Checks()
USAGE = "http://adlnet.gov/expapi/attachments/signature"
MEDIA_TYPE = "application/octet-stream"
# Without certificate in the header nobody can verify a signature, so that any bytes are one.
_SIGNATURE = bytes(range(256))

Header = Mapping[str, object]


def base64url(content: bytes) -> str:
    """Base64url without padding, as JWS has it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signature(payload: object, header: Header | None = None) -> bytes:
    """A compact JWS over a payload."""
    head = {"alg": "RS256", **(header or {})}
    parts = (json.dumps(head).encode(), json.dumps(payload).encode(), _SIGNATURE)
    return ".".join(map(base64url, parts)).encode()


def send(probe: Probe, statement: Mapping[str, Any], jws: bytes, **changes: Any) -> Answer:
    """One POST of a statement with this signature."""
    attached = attachment(jws, **{"usageType": USAGE, "contentType": MEDIA_TYPE, **changes})
    signed = {**statement, "attachments": [attached]}
    body = written([statements_part(signed), content_part(jws, attached["contentType"])])
    return probe.post(body, content_type())


@CHECKS.that("XAPI-00115")
def the_signature_is_a_jws(probe: Probe) -> None:
    """A signature that is no compact JWS, or of another type, is refused; a good one is taken."""
    statement = probe.statement()
    good = signature(statement)
    head, payload, last = good.split(b".")
    bad: tuple[bytes, ...] = (
        b"signed",
        head + b"." + payload,
        b"." + payload + b"." + last,
        b"%%%." + payload + b"." + last,
        base64url(b"no json").encode() + b"." + payload + b"." + last,
    )
    for jws in bad:
        send(probe, statement, jws).refused("the signature is no compact JWS")
    send(probe, statement, good, contentType="text/plain").refused(f"a signature is {MEDIA_TYPE}")
    send(probe, statement, good).expect(200)


@CHECKS.that("XAPI-00115")
def a_signature_fits_its_certificate(probe: Probe) -> None:
    """A signature that the certificate in its header does not verify is refused."""
    statement = probe.statement()
    jws = signature(statement, {"x5c": [CERTIFICATE]})
    send(probe, statement, jws).refused("the certificate in x5c does not verify the signature")


@CHECKS.that("XAPI-00116")
def the_payload_is_the_statement(probe: Probe) -> None:
    """A signature over anything but the statement is refused; the order of keys does not matter."""
    statement = probe.statement()
    changes: tuple[Callable[[dict[str, Any]], object], ...] = (
        lambda each: {**each, "verb": {"id": f"{HOME}/verbs/other"}},
        lambda each: {**each, "result": {"success": True}},
        lambda each: {name: value for name, value in each.items() if name != "context"},
        lambda each: [each],
        lambda each: "text",
    )
    for change in changes:
        send(probe, statement, signature(change(statement))).refused("another statement was signed")
    send(probe, statement, signature(dict(reversed(statement.items())))).expect(200)


@CHECKS.that("XAPI-00117")
def algorithms_of_signatures(probe: Probe) -> None:
    """RS256, RS384 and RS512 are taken; others are refused."""
    for algorithm in ("HS256", "ES256", "none", "rs256", "PS256"):
        statement = probe.statement(f"bad {algorithm}")
        jws = signature(statement, {"alg": algorithm})
        send(probe, statement, jws).refused(f"{algorithm} is not one of RS256, RS384, RS512")
    for algorithm in ("RS256", "RS384", "RS512"):
        statement = probe.statement(algorithm)
        send(probe, statement, signature(statement, {"alg": algorithm})).expect(200)
