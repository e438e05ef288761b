"""RSA signatures as JWS uses them: RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2), and keys out of X.509 certificates.

No more than verifying: there is no secret here. The whole encoded message is compared with the one expected, so
nothing of what the signature decrypts to is ever parsed; keys are bounded, so that nothing takes long.
"""

import hashlib
import hmac
from dataclasses import dataclass

FEWEST_BITS = 1024
MOST_BITS = 8192
MOST_EXPONENT_BITS = 64

# The DER of DigestInfo up to the digest (RFC 8017 section 9.2, note 1).
_PREFIXES = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}

_INTEGER, _BIT_STRING, _OID, _SEQUENCE, _VERSION = 0x02, 0x03, 0x06, 0x30, 0xA0
_RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")
_BEFORE_KEY = (
    _INTEGER,
    _SEQUENCE,
    _SEQUENCE,
    _SEQUENCE,
    _SEQUENCE,
)  # serial, algorithm, issuer, validity, subject


class BadCertificate(ValueError):
    """What was given is no X.509 certificate with an RSA key within the bounds; the text says why."""


@dataclass(frozen=True)
class PublicKey:
    modulus: int
    exponent: int


def verifies(key: PublicKey, signature: bytes, message: bytes, hash_name: str) -> bool:
    """Whether the signature of the message is by the owner of this key; `hash_name`: sha256, sha384 or sha512."""
    size = (key.modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= key.modulus:
        return False
    info = _PREFIXES[hash_name] + hashlib.new(hash_name, message).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return hmac.compare_digest(pow(number, key.exponent, key.modulus).to_bytes(size, "big"), expected)


def key_of(certificate: bytes) -> PublicKey:
    """The RSA key of a DER certificate (RFC 5280 section 4.1); raises `BadCertificate`. Trusts nobody: no chain."""
    outer = _Der(certificate)
    fields = outer.enter(_SEQUENCE).enter(_SEQUENCE)
    if fields.next_tag() == _VERSION:
        fields.read(_VERSION)
    for tag in _BEFORE_KEY:
        fields.read(tag)
    info = fields.enter(_SEQUENCE)
    if info.enter(_SEQUENCE).read(_OID) != _RSA_ENCRYPTION:
        raise BadCertificate("its key is not an RSA key")
    bits = info.read(_BIT_STRING)
    if bits[:1] != b"\x00":
        raise BadCertificate("its key is not a whole number of octets")
    numbers = _Der(bits[1:]).enter(_SEQUENCE)
    key = PublicKey(_positive(numbers.read(_INTEGER)), _positive(numbers.read(_INTEGER)))
    if not FEWEST_BITS <= key.modulus.bit_length() <= MOST_BITS or key.modulus % 2 == 0:
        raise BadCertificate(f"its RSA key must have {FEWEST_BITS} to {MOST_BITS} bits")
    if key.exponent < 3 or key.exponent % 2 == 0 or key.exponent.bit_length() > MOST_EXPONENT_BITS:
        raise BadCertificate(f"the exponent of its RSA key must be odd, from 3 to {MOST_EXPONENT_BITS} bits")
    return key


def _positive(octets: bytes) -> int:
    if len(octets) > MOST_BITS // 8 + 1:
        raise BadCertificate(f"its RSA key must have {FEWEST_BITS} to {MOST_BITS} bits")
    return int.from_bytes(octets, "big", signed=True)


class _Der:
    """Reads DER values one after the other; definite lengths in their shortest form only."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def next_tag(self) -> int | None:
        return self._octets[self._at] if self._at < len(self._octets) else None

    def enter(self, tag: int) -> "_Der":
        return _Der(self.read(tag))

    def read(self, tag: int) -> bytes:
        """The contents of the next value, which must have this tag."""
        if self.next_tag() != tag:
            raise BadCertificate("it is not the DER of an X.509 certificate")
        start = self._at + 1
        head = self._octets[start : start + 1]
        if not head:
            raise BadCertificate("it ends too early")
        length, start = head[0], start + 1
        if length >= 0x80:
            count = length & 0x7F
            digits = self._octets[start : start + count]
            length = int.from_bytes(digits, "big")
            if not 1 <= count <= 4 or len(digits) < count or length < 0x80 or digits[0] == 0:
                raise BadCertificate("a length in it is not DER")
            start += count
        end = start + length
        if end > len(self._octets):
            raise BadCertificate("it ends too early")
        self._at = end
        return self._octets[start:end]
