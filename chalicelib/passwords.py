"""Password hashes: scrypt, salted, with the parameters beside the hash so that the cost can be raised."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

SALT_BYTES = 16
HASH_BYTES = 32
MAX_MEMORY_BYTES = 256 * 1024 * 1024  # OpenSSL refuses scrypt above 32 MiB unless told otherwise


@dataclass(frozen=True)
class ScryptCost:
    """The cost of one hash; memory is 128 * n * r bytes.

    The default is OWASP's choice with the least memory (16 MiB), because a function has little; about 0.2 s.
    """

    n: int = 2**14
    r: int = 8
    p: int = 5

    def __str__(self) -> str:
        return f"n={self.n},r={self.r},p={self.p}"


def hash_password(password: str, cost: ScryptCost) -> str:
    """The hash as `scrypt$n=…,r=…,p=…$<salt>$<hash>` (salt and hash in base64), with a fresh salt."""
    salt = secrets.token_bytes(SALT_BYTES)
    return "$".join(("scrypt", str(cost), _encode(salt), _encode(_derive(password, salt, cost))))


def verify_password(password: str, stored: str) -> bool:
    """Whether `password` is the one that was hashed. Raises ValueError for a hash not made here."""
    cost, salt, expected = _parse(stored)
    return hmac.compare_digest(_derive(password, salt, cost), expected)


def hash_of_nobody(cost: ScryptCost) -> str:
    """A hash that no password has, which takes as long to verify as any other of this cost."""
    parts = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(HASH_BYTES)
    return "$".join(("scrypt", str(cost), *(_encode(part) for part in parts)))


def _derive(password: str, salt: bytes, cost: ScryptCost) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost.n, r=cost.r, p=cost.p, dklen=HASH_BYTES, maxmem=MAX_MEMORY_BYTES
    )


def _parse(stored: str) -> tuple[ScryptCost, bytes, bytes]:
    kind, _, rest = stored.partition("$")
    parts = rest.split("$")
    if kind != "scrypt" or len(parts) != 3:
        raise ValueError("not a scrypt hash of this module")
    numbers = dict(pair.split("=", 1) for pair in parts[0].split(",") if "=" in pair)
    if set(numbers) != {"n", "r", "p"}:
        raise ValueError("not a scrypt hash of this module: parameters")
    cost = ScryptCost(n=int(numbers["n"]), r=int(numbers["r"]), p=int(numbers["p"]))
    return cost, base64.b64decode(parts[1], validate=True), base64.b64decode(parts[2], validate=True)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()
