"""Which URLs a client may have fetched: nothing is looked up here, and no refusal repeats what was sent.

The networks are those of the IANA registries of special-purpose addresses (IPv4, IPv6), kept here so that the verdict
does not change with the version of Python.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

MAX_URL = 2048  # characters
MAX_KEY_BYTES = 1024  # S3: an object's key
DELTA_PREFIX = "delta/"
DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_UNPRIVILEGED_PORT = 1024

NOT_WELL_FORMED = "The URL is not well-formed."
TOO_LONG = f"The URL may not be longer than {MAX_URL} characters."
SCHEME_NOT_ALLOWED = "The scheme of the URL is not allowed."
HOST_NOT_ALLOWED = "The host of the URL is not allowed."
HOST_NOT_ASCII = "The host of the URL must be written in ASCII (xn--…)."
PORT_NOT_ALLOWED = "The port of the URL is not allowed."
NO_CREDENTIALS = "The URL may not hold a user name or a password."
NOT_OUR_FILE = "The URL names no file under delta/ in the bucket of this system."

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>[0-9]{1,5}))?")
_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]"
)  # no URL holds them; programs disagree on them
_FORBIDDEN_IN_KEY = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]|(?:^|/)\.{1,2}(?:/|$)")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC_LABEL = re.compile(
    r"[0-9]+|0x[0-9a-f]*"
)  # a host that ends in one is an address, however it is written
_INNER_NAMES = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|lan|home|corp|arpa|onion)"
)
_KEPT_IN_TARGET = "!$%&'()*+,-./:;=?@_~[]|^`{}\"<>"

_NOT_PUBLIC_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata service of every cloud
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
# Outside it: loopback, unspecified, mapped, compatible, NAT64, unique local, link-local, site-local, multicast.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = [
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # the former 6bone
        "3fff::/20",  # documentation
    )
]
_NEVER = [  # no file server has such an address, not even one that was named
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::ffff:0:0/96",  # an IPv4 address in disguise, as the next three
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "2002::/16",
        "fd00:ec2::/32",  # AWS's own services on a machine, its metadata among them
        "fe80::/10",
        "ff00::/8",
    )
]


@dataclass(frozen=True)
class FetchPolicy:
    """What may be fetched.

    `allowed_hosts`: `*` stands for any host whose addresses are all public; a host that is named may have private
    ones; without `*` only the named ones are allowed. `bucket`: the one from which `s3` reads.
    """

    schemes: frozenset[str]
    allowed_hosts: frozenset[str]
    bucket: str

    @classmethod
    def of(cls, schemes: Iterable[str], allowed_hosts: Iterable[str], bucket: str) -> "FetchPolicy":
        """A policy from settings: schemes and hosts in any case, an IPv6 address with or without brackets."""
        hosts = (host.strip().lower().strip("[]").removesuffix(".") for host in allowed_hosts)
        return cls(frozenset(scheme.lower() for scheme in schemes), frozenset(hosts), bucket)

    def names(self, host: str) -> bool:
        """Whether this host (in lower case) is on the list by its name."""
        return host != "*" and host in self.allowed_hosts

    @property
    def any_public(self) -> bool:
        """Whether hosts that are not named may be fetched from."""
        return "*" in self.allowed_hosts


@dataclass(frozen=True)
class WebTarget:
    """A file behind HTTP. `address`: the host where it is an address itself; `target`: path and query, in ASCII."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def host_header(self) -> str:
        """The host as the `Host` header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class BucketTarget:
    """A file in the bucket of this system."""

    key: str


class Refused(Exception):
    """This URL may not be fetched; the text is fixed and repeats nothing of it."""


def check_url(url: str, policy: FetchPolicy) -> str | None:
    """Why this URL may not be fetched, or None."""
    try:
        read_url(url, policy)
    except Refused as refused:
        return str(refused)
    return None


def read_url(url: str, policy: FetchPolicy) -> WebTarget | BucketTarget:
    """What a URL names. Raises `Refused`; the addresses of a host name are still to be checked."""
    if len(url) > MAX_URL:
        raise Refused(TOO_LONG)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Refused(NOT_WELL_FORMED)
    scheme = parts["scheme"].lower()
    if scheme not in policy.schemes:
        raise Refused(SCHEME_NOT_ALLOWED)
    if scheme == "s3":
        return _read_bucket(parts["authority"], url[parts.start("rest") :], policy)
    if scheme not in DEFAULT_PORTS:
        raise Refused(SCHEME_NOT_ALLOWED)
    return _read_web(scheme, parts["authority"], parts["rest"], policy)


def check_address(address: str | Address) -> bool:
    """Whether this is a public address: one of the whole internet, reached as itself."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(known, ipaddress.IPv4Address):
        return not any(known in network for network in _NOT_PUBLIC_V4)
    if known.scope_id is not None:
        return False
    return known in _GLOBAL_V6 and not any(known in network for network in _NOT_PUBLIC_V6)


def check_host_address(host: str, address: str | Address, policy: FetchPolicy) -> bool:
    """Whether a connection to this address may be made for this host (in lower case)."""
    if not policy.names(host):
        return policy.any_public and check_address(address)
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return str(known) == host or not any(
        known in network for network in _NEVER if network.version == known.version
    )


def _read_bucket(bucket: str, path: str, policy: FetchPolicy) -> BucketTarget:
    key = path[1:]
    if (
        bucket != policy.bucket
        or not key.startswith(DELTA_PREFIX)
        or key.endswith("/")
        or _FORBIDDEN_IN_KEY.search(key)
        or len(key.encode()) > MAX_KEY_BYTES
    ):
        raise Refused(NOT_OUR_FILE)
    return BucketTarget(key)


def _read_web(scheme: str, authority: str, rest: str, policy: FetchPolicy) -> WebTarget:
    if _FORBIDDEN.search(authority) or _FORBIDDEN.search(rest):
        raise Refused(NOT_WELL_FORMED)
    if "@" in authority:
        raise Refused(NO_CREDENTIALS)
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise Refused(NOT_WELL_FORMED)
    host, address = _read_host(parts["host"])
    named = policy.names(host)
    if not named:
        _check_unnamed(host, address, policy)
    elif address is not None and not check_host_address(host, address, policy):
        raise Refused(HOST_NOT_ALLOWED)
    port = _read_port(parts["port"], scheme, named)
    path = rest.partition("#")[0]
    target = quote(path if path.startswith("/") else f"/{path}", safe=_KEPT_IN_TARGET)
    return WebTarget(scheme, host, port, target, address)


def _read_host(text: str) -> tuple[str, Address | None]:
    """The host in lower case without its final dot, and the address that it is."""
    if not text.isascii():
        raise Refused(HOST_NOT_ASCII)
    if text.startswith("["):
        try:
            address: Address = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise Refused(NOT_WELL_FORMED) from None
        if "%" in text:
            raise Refused(HOST_NOT_ALLOWED)
        return str(address), address
    host = text.lower().removesuffix(".")
    labels = host.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        try:
            return host, ipaddress.IPv4Address(
                host
            )  # four decimal numbers; other ways to write one are refused
        except ValueError:
            raise Refused(HOST_NOT_ALLOWED) from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(NOT_WELL_FORMED)
    return host, None


def _check_unnamed(host: str, address: Address | None, policy: FetchPolicy) -> None:
    if address is None:
        inner = "." not in host or _INNER_NAMES.fullmatch(host) is not None
    else:
        inner = not check_address(address)
    if inner or not policy.any_public:
        raise Refused(HOST_NOT_ALLOWED)


def _read_port(text: str | None, scheme: str, named: bool) -> int:
    if text is None:
        return DEFAULT_PORTS[scheme]
    port = int(text)
    usual = port in DEFAULT_PORTS.values() or port >= _FIRST_UNPRIVILEGED_PORT
    if not 1 <= port <= 65535 or not (usual or named):
        raise Refused(PORT_NOT_ALLOWED)
    return port
