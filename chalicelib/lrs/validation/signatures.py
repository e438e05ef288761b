"""Signed statements: a JWS of the statement, attached to it; Data 2.6 of 1.0.3, 4.2.2.6 of 2.0, RFC 7515.

Only mistakes are caught: a signature that verifies says nothing about who signed, since no chain is checked.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.lrs import strict_json
from chalicelib.lrs.validation.equality import SIGNATURE_USAGE, equal, without_signatures
from chalicelib.lrs.validation.faults import Fault
from chalicelib.lrs.validation.rsa import BadCertificate, PublicKey, key_of, verifies
from chalicelib.lrs.versions import XapiVersion

LARGEST_JWS = 6_000_000  # the most octets that one request to a Lambda function carries
MOST_CERTIFICATES = 20
MOST_LEVELS = 100  # a statement's own and those of an extension in it

_ALGORITHMS = {"RS256": "sha256", "RS384": "sha384", "RS512": "sha512"}
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")

_FORM, _PAYLOAD, _ALGORITHM = "XAPI-00115", "XAPI-00116", "XAPI-00117"


class _Malformed(ValueError):
    """Why a JWS cannot be read any further."""

    def __init__(self, rule: str, requirement: str) -> None:
        self.fault = Fault("", rule, requirement)
        super().__init__(rule)


def signature_hashes(statement: Mapping[str, Any]) -> dict[int, str]:
    """The `sha2` of each attachment that is a signature, by its index."""
    attachments = statement.get("attachments")
    return {
        index: one["sha2"]
        for index, one in enumerate(attachments if isinstance(attachments, list) else ())
        if isinstance(one, dict)
        and one.get("usageType") == SIGNATURE_USAGE
        and isinstance(one.get("sha2"), str)
    }


def check_signatures(
    statement: Mapping[str, Any], bodies: Mapping[str, bytes], version: XapiVersion
) -> list[Fault]:
    """Every fault of the signatures of a valid statement, `bodies` being what was sent, by SHA-2 in lower case."""
    faults: list[Fault] = []
    for index, sha2 in signature_hashes(statement).items():
        body = bodies.get(sha2.lower())
        if body is None:
            found = [Fault("", "is a signature, whose JWS must be sent as a part of the same request", _FORM)]
        else:
            found = check_signature(body, statement, version)
        faults += [fault.under(f"attachments[{index}]") for fault in found]
    return faults


def check_signature(jws: bytes, statement: Mapping[str, Any], version: XapiVersion) -> list[Fault]:
    """What is wrong with a compact JWS that signs this statement; empty: nothing. Both versions ask the same.

    With `x5c` in its header the signature is verified by the first certificate; without, there is no key.
    """
    try:
        header, payload, signed, signature = _parts(jws)
        hash_name = _algorithm(header)
        key = _key(header)
        content = _json(payload, "must be a JWS whose payload is the statement as JSON", _PAYLOAD)
    except _Malformed as error:
        return [error.fault]
    faults = []
    if key is not None and not verifies(key, signature, signed, hash_name):
        rule = "must be signed with the key of the first certificate in x5c; the signature does not verify"
        faults.append(Fault("", rule, _FORM))
    if not _same(content, statement):
        rule = (
            "must sign this very statement, as it was before the signature was attached; the payload differs"
        )
        faults.append(Fault("", rule, _PAYLOAD))
    return faults


def _parts(jws: bytes) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Header, payload, what is signed, signature (RFC 7515 section 7.1)."""
    parts = jws.split(b".", 3) if len(jws) <= LARGEST_JWS else []
    if len(parts) != 3:
        raise _Malformed(
            "must be a JWS in compact serialization: three base64url texts joined by dots", _FORM
        )
    names = ("header", "payload", "signature")
    head, payload, signature = (_base64url(part, name) for part, name in zip(parts, names, strict=True))
    header = _json(head, "must be a JWS whose header is JSON", _FORM)
    if "crit" in header:
        raise _Malformed("must not use crit in the header of its JWS; no extension is understood", _FORM)
    return header, payload, parts[0] + b"." + parts[1], signature


def _base64url(text: bytes, name: str) -> bytes:
    if _BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        raise _Malformed(f"must be a JWS whose {name} is base64url without padding or line ends", _FORM)
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _algorithm(header: Mapping[str, Any]) -> str:
    name = header.get("alg")
    if not isinstance(name, str) or name not in _ALGORITHMS:
        raise _Malformed("must be a JWS with the algorithm RS256, RS384 or RS512", _ALGORITHM)
    return _ALGORITHMS[name]


def _key(header: Mapping[str, Any]) -> PublicKey | None:
    """The key of the first certificate of `x5c` (RFC 7515 section 4.1.6: base64, not base64url)."""
    if "x5c" not in header:
        return None
    chain = header["x5c"]
    if not isinstance(chain, list) or not 1 <= len(chain) <= MOST_CERTIFICATES:
        raise _Malformed(f"must have 1 to {MOST_CERTIFICATES} certificates in x5c", _FORM)
    try:
        certificates = [base64.b64decode(one, validate=True) for one in chain if isinstance(one, str)]
        if len(certificates) < len(chain):
            raise BadCertificate("it is not a string")
        return key_of(certificates[0])
    except (binascii.Error, ValueError) as error:
        raise _Malformed(f"must have X.509 certificates with an RSA key in x5c: {error}", _FORM) from error


def _json(octets: bytes, rule: str, requirement: str) -> dict[str, Any]:
    try:
        value = strict_json.parse_bytes(octets, what="What was sent", most_levels=MOST_LEVELS)
    except strict_json.InvalidJson as error:
        raise _Malformed(f"{rule}. {error}", requirement) from None
    if not isinstance(value, dict):
        raise _Malformed(f"{rule}, and that must be an object", requirement)
    return value


def _same(content: Mapping[str, Any], statement: Mapping[str, Any]) -> bool:
    """Whether the payload is the statement; an id counts where both have one."""
    first, second = content.get("id"), statement.get("id")
    if isinstance(first, str) and isinstance(second, str) and first.lower() != second.lower():
        return False
    return equal(without_signatures(content), without_signatures(statement))
