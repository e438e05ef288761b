"""Signed statements: what a JWS must be, verified against keys and certificates that `cryptography` made."""

import base64
import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.lrs.validation.rsa import BadCertificate, PublicKey, key_of, verifies
from chalicelib.lrs.validation.signatures import check_signature, check_signatures, signature_hashes
from chalicelib.lrs.versions import V1, V2

STATEMENT: dict[str, Any] = {
    "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df0",
    "actor": {"mbox": "mailto:anna@example.com"},
    "verb": {"id": "http://example.com/did"},
    "object": {"id": "http://example.com/course"},
    "result": {"duration": "PT1.23S"},
}
SIGNATURE = {
    "usageType": "http://adlnet.gov/expapi/attachments/signature", "display": {"en": "Signature"},
    "contentType": "application/octet-stream", "length": 10, "sha2": "AB" * 32,
}  # fmt: skip
SIGNED = {**STATEMENT, "attachments": [SIGNATURE]}
_CURVE = ec.generate_private_key(ec.SECP256R1())
HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


@lru_cache
def _key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


@lru_cache
def _certificate(key: Any = None) -> bytes:
    key = key or _key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anna Müller")])
    start = datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(2**150).not_valid_before(start).not_valid_after(start + timedelta(days=3650))
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _url(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def _chain(*certificates: bytes) -> list[str]:
    return [base64.b64encode(one).decode() for one in certificates]


def _jws(
    payload: Any = STATEMENT, algorithm: str = "RS256", key: rsa.RSAPrivateKey | None = None, **header: Any
) -> bytes:
    octets = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    signed = _url(json.dumps({"alg": algorithm, **header}).encode()) + b"." + _url(octets)
    signature = (key or _key()).sign(signed, padding.PKCS1v15(), HASHES.get(algorithm, hashes.SHA256()))
    return signed + b"." + _url(signature)


def _told(jws: bytes, statement: Any = SIGNED) -> list[str]:
    return [fault.requirement for fault in check_signature(jws, statement, V1)]


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize(("bits", "exponent"), [(1024, 65537), (2048, 3), (2050, 65537)])
def test_a_signature_verifies_with_its_certificate(algorithm: str, bits: int, exponent: int) -> None:
    key = _key(bits, exponent)
    assert _told(_jws(algorithm=algorithm, key=key, x5c=_chain(_certificate(key), _certificate()))) == []


def test_without_certificate_there_is_nothing_to_verify_by() -> None:
    assert _told(_jws()) == []


def test_a_signature_of_another_key_is_refused() -> None:
    assert _told(_jws(key=_key(1024), x5c=_chain(_certificate()))) == ["XAPI-00115"]
    assert _told(_jws(key=_key(2048, 3), x5c=_chain(_certificate()))) == ["XAPI-00115"]


def test_every_changed_bit_of_what_was_signed_is_noticed() -> None:
    head, payload, signature = _jws(x5c=_chain(_certificate())).split(b".")
    broken = bytearray(base64.urlsafe_b64decode(signature + b"=="))
    for place in (0, 100, 255):
        broken[place] ^= 1
        assert _told(b".".join((head, payload, _url(bytes(broken))))) == ["XAPI-00115"]
        broken[place] ^= 1
    other = _url(json.dumps(STATEMENT, indent=1).encode())
    assert _told(b".".join((head, other, signature))) == ["XAPI-00115"]
    assert _told(b".".join((head, payload, signature[:-4]))) == ["XAPI-00115"]


@pytest.mark.parametrize(
    "payload",
    [
        {**STATEMENT, "id": STATEMENT["id"].upper(), "result": {"duration": "PT1.2345S"}},
        {name: item for name, item in STATEMENT.items() if name != "id"},
        {
            **STATEMENT,
            "stored": "2026-01-01T00:00:00Z",
            "timestamp": "2026-01-01T00:00:00Z",
            "version": "1.0.0",
        },
        {**STATEMENT, "verb": {**STATEMENT["verb"], "display": {"fr": "a fait"}}},
    ],
)
def test_the_payload_may_differ_in_what_does_not_count(payload: object) -> None:
    assert _told(_jws(payload)) == []


@pytest.mark.parametrize(
    "payload",
    [
        {**STATEMENT, "id": "1e1ba8ea-0d64-4e01-9a11-1f34a5c6bb79"},
        {**STATEMENT, "actor": {"mbox": "mailto:bert@example.com"}},
        {**STATEMENT, "result": {"duration": "PT1.24S"}},
        {},
        [STATEMENT],
        b"{'id': 1}",
        b"\xff",
        b'{"id": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
    ],
)
def test_the_payload_must_be_this_statement(payload: object) -> None:
    assert _told(_jws(payload)) == ["XAPI-00116"]


@pytest.mark.parametrize(
    "algorithm", ["HS256", "none", "rs256", "ES256", "PS256", "RS1", None, ["RS256"], {}]
)
def test_other_algorithms_are_refused(algorithm: Any) -> None:
    header = _url(json.dumps({"alg": algorithm}).encode())
    _, payload, signature = _jws().split(b".")
    assert _told(b".".join((header, payload, signature))) == ["XAPI-00117"]


@pytest.mark.parametrize(
    "jws",
    [
        b"", b".", b"..", b"a.b", b"a.b.c.d", b"\x00\xff.a.b", b"e30.e30.", b"e30.e30.e30=", b"W10.e30.e30",
        b"e3.e30.e30", _jws() + b"\n", _jws().replace(b".", b". ", 1), _jws(crit=["b64"], b64=False), b"." * 7_000_000,
        json.dumps({"payload": "e30", "signatures": []}).encode(),
        _jws(x5c=[]), _jws(x5c="MII"), _jws(x5c=[5]), _jws(x5c=["%%"]), _jws(x5c=["AAAA"]), _jws(x5c=[""]),
        _jws(x5c=_chain(_certificate()[:-300])), _jws(x5c=_chain(_certificate(_CURVE))),
        _jws(x5c=[*_chain(_certificate()), "%"]), _jws(x5c=_chain(_certificate()) * 21),
    ],
)  # fmt: skip
def test_a_malformed_jws_is_refused(jws: bytes) -> None:
    assert _told(jws) == ["XAPI-00115"]


@pytest.mark.parametrize(
    ("bits", "exponent"), [(768, 65537), (16400, 65537), (2048, 1), (2048, 2), (2048, 2**65 + 1)]
)
def test_keys_are_bounded(bits: int, exponent: int) -> None:
    found = key_of(_certificate())
    assert (found.modulus, found.exponent) == (_key().public_key().public_numbers().n, 65537)
    with pytest.raises(BadCertificate):
        key_of(_spki((1 << (bits - 1)) | 1, exponent))


def _spki(modulus: int, exponent: int) -> bytes:
    """A certificate with nothing in it but a key of these numbers."""

    def der(tag: int, octets: bytes) -> bytes:
        size = len(octets)
        length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
        if 0x80 <= size < 0x100:
            length = bytes([0x81, size])
        return bytes([tag]) + length + octets

    def number(value: int) -> bytes:
        return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    algorithm = der(0x30, der(6, bytes.fromhex("2a864886f70d010101")) + der(5, b""))
    key = der(0x30, algorithm + der(3, b"\x00" + der(0x30, number(modulus) + number(exponent))))
    return der(0x30, der(0x30, number(1) + der(0x30, b"") * 4 + key))


def test_a_key_within_the_bounds_is_read_from_the_smallest_certificate() -> None:
    assert key_of(_spki((1 << 8191) | 1, 2**63 + 1)) == PublicKey((1 << 8191) | 1, 2**63 + 1)


def test_a_signature_with_room_for_more_than_the_digest_is_refused() -> None:
    """With exponent 3 and a sloppy check, a cube root is a signature (Bleichenbacher's forgery of 2006)."""
    key = PublicKey(_key(2048, 3).public_key().public_numbers().n, 3)
    prefix = b"\x00\x01\xff\x00" + bytes.fromhex("3031300d060960864801650304020105000420") + hashes_of(b"m")
    target = int.from_bytes(prefix.ljust(256, b"\xff"), "big")
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= target else (low, middle - 1)
    forged = low.to_bytes(256, "big")
    assert pow(low, 3, key.modulus).to_bytes(256, "big").startswith(prefix[:40])
    assert not verifies(key, forged, b"m", "sha256")


def hashes_of(message: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message)
    return digest.finalize()


def test_signatures_of_a_statement_are_found_by_their_hash() -> None:
    assert signature_hashes(SIGNED) == {0: "AB" * 32}
    assert check_signatures(SIGNED, {"ab" * 32: _jws()}, V2) == []
    assert [fault.path for fault in check_signatures(SIGNED, {"ab" * 32: b"x"}, V2)] == ["attachments[0]"]
    assert [fault.path for fault in check_signatures(SIGNED, {}, V2)] == ["attachments[0]"]
    assert check_signatures(STATEMENT, {}, V2) == []


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 800), st.binary(max_size=6), st.integers(0, 6))
def test_no_damage_to_a_certificate_makes_reading_fail(place: int, octets: bytes, cut: int) -> None:
    certificate = _certificate()
    damaged = certificate[:place] + octets + certificate[place + cut :]
    jws = _jws(x5c=_chain(damaged))
    assert all(fault.requirement == "XAPI-00115" for fault in check_signature(jws, SIGNED, V1))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_no_octets_make_reading_a_certificate_fail(octets: bytes) -> None:
    with pytest.raises(BadCertificate):
        key_of(octets)
