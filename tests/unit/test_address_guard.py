"""Which URLs and addresses may be fetched, and that refusals repeat nothing."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters import address_guard as guard
from chalicelib.adapters.address_guard import (
    BucketTarget,
    FetchPolicy,
    WebTarget,
    check_address,
    check_host_address,
    check_url,
    read_url,
)

DEFAULT = FetchPolicy.of(("https", "s3"), ("*",), "our-bucket")
LOCAL = FetchPolicy.of(("https", "s3", "http"), ("*", "127.0.0.1", "LOCALHOST", "[::1]"), "our-bucket")
CLOSED = FetchPolicy.of(("https",), ("files.example.com",), "our-bucket")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        # schemes
        ("http://example.com/a.json", guard.SCHEME_NOT_ALLOWED),
        ("hTTp://example.com/a.json", guard.SCHEME_NOT_ALLOWED),
        ("ftp://example.com/a.json", guard.SCHEME_NOT_ALLOWED),
        ("FiLe:///etc/passwd", guard.SCHEME_NOT_ALLOWED),
        ("gopher://example.com/_x", guard.SCHEME_NOT_ALLOWED),
        ("javascript://example.com/%0aalert(1)", guard.SCHEME_NOT_ALLOWED),
        ("data:application/json,[]", guard.NOT_WELL_FORMED),
        ("//example.com/a.json", guard.NOT_WELL_FORMED),
        ("https:/example.com/a.json", guard.NOT_WELL_FORMED),
        ("https:example.com", guard.NOT_WELL_FORMED),
        ("example.com/a.json", guard.NOT_WELL_FORMED),
        ("", guard.NOT_WELL_FORMED),
        (" https://example.com/", guard.NOT_WELL_FORMED),
        # hosts that are missing or broken
        ("https://", guard.NOT_WELL_FORMED),
        ("https:///a.json", guard.NOT_WELL_FORMED),
        ("https://./a.json", guard.NOT_WELL_FORMED),
        ("https://example..com/", guard.NOT_WELL_FORMED),
        ("https://example.com../", guard.NOT_WELL_FORMED),
        ("https://-example.com/", guard.NOT_WELL_FORMED),
        ("https://exa%6dple.com/", guard.NOT_WELL_FORMED),
        ("https://127.0.0.1%2f.example.com/", guard.NOT_WELL_FORMED),
        ("https://" + "a." * 127 + "com/", guard.NOT_WELL_FORMED),
        ("https://" + "a" * 64 + ".com/", guard.NOT_WELL_FORMED),
        ("https://[::1/", guard.NOT_WELL_FORMED),
        ("https://[example.com]/", guard.NOT_WELL_FORMED),
        ("https://[2606:4700::1]x/", guard.NOT_WELL_FORMED),
        # names of this machine and of inner networks
        ("https://localhost/", guard.HOST_NOT_ALLOWED),
        ("https://LOCALHOST./", guard.HOST_NOT_ALLOWED),
        ("https://a.localhost/", guard.HOST_NOT_ALLOWED),
        ("https://intranet/", guard.HOST_NOT_ALLOWED),
        ("https://metadata.google.internal/computeMetadata/v1/", guard.HOST_NOT_ALLOWED),
        ("https://printer.local/", guard.HOST_NOT_ALLOWED),
        ("https://1.0.0.127.in-addr.arpa/", guard.HOST_NOT_ALLOWED),
        # addresses that are not public
        ("https://127.0.0.1/", guard.HOST_NOT_ALLOWED),
        ("https://127.0.0.1./", guard.HOST_NOT_ALLOWED),
        ("https://127.255.255.254:8443/", guard.HOST_NOT_ALLOWED),
        ("https://10.0.0.1/", guard.HOST_NOT_ALLOWED),
        ("https://172.31.255.255/", guard.HOST_NOT_ALLOWED),
        ("https://192.168.1.1/", guard.HOST_NOT_ALLOWED),
        ("https://169.254.169.254/latest/meta-data/", guard.HOST_NOT_ALLOWED),
        ("https://100.100.100.200/", guard.HOST_NOT_ALLOWED),
        ("https://0.0.0.0/", guard.HOST_NOT_ALLOWED),
        ("https://255.255.255.255/", guard.HOST_NOT_ALLOWED),
        ("https://224.0.0.1/", guard.HOST_NOT_ALLOWED),
        ("https://[::1]/", guard.HOST_NOT_ALLOWED),
        ("https://[::]/", guard.HOST_NOT_ALLOWED),
        ("https://[::ffff:127.0.0.1]/", guard.HOST_NOT_ALLOWED),
        ("https://[::ffff:8.8.8.8]/", guard.HOST_NOT_ALLOWED),
        ("https://[::127.0.0.1]/", guard.HOST_NOT_ALLOWED),
        ("https://[64:ff9b::7f00:1]/", guard.HOST_NOT_ALLOWED),
        ("https://[64:ff9b:1::a00:1]/", guard.HOST_NOT_ALLOWED),
        ("https://[2002:7f00:1::]/", guard.HOST_NOT_ALLOWED),
        ("https://[2001:0:7f00:1::]/", guard.HOST_NOT_ALLOWED),
        ("https://[fd00:ec2::254]/", guard.HOST_NOT_ALLOWED),
        ("https://[fe80::1]/", guard.HOST_NOT_ALLOWED),
        ("https://[fe80::1%25eth0]/", guard.HOST_NOT_ALLOWED),
        ("https://[2606:4700::1%eth0]/", guard.HOST_NOT_ALLOWED),
        ("https://[ff02::1]/", guard.HOST_NOT_ALLOWED),
        # addresses in other writing
        ("https://2130706433/", guard.HOST_NOT_ALLOWED),
        ("https://0x7f000001/", guard.HOST_NOT_ALLOWED),
        ("https://0X7F.0.0.1/", guard.HOST_NOT_ALLOWED),
        ("https://0177.0.0.1/", guard.HOST_NOT_ALLOWED),
        ("https://017700000001/", guard.HOST_NOT_ALLOWED),
        ("https://127.1/", guard.HOST_NOT_ALLOWED),
        ("https://127.0.1/", guard.HOST_NOT_ALLOWED),
        ("https://0/", guard.HOST_NOT_ALLOWED),
        ("https://8.8.8.010/", guard.HOST_NOT_ALLOWED),
        ("https://8.8.8.8.8/", guard.HOST_NOT_ALLOWED),
        ("https://256.1.1.1/", guard.HOST_NOT_ALLOWED),
        ("https://example.0x1/", guard.HOST_NOT_ALLOWED),
        ("https://１２７.０.０.１/", guard.HOST_NOT_ASCII),
        ("https://127。0。0。1/", guard.HOST_NOT_ASCII),
        ("https://ⓛocalhost/", guard.HOST_NOT_ASCII),
        ("https://bücher.example/", guard.HOST_NOT_ASCII),
        # user names, ports, characters on which programs disagree
        ("https://example.com@127.0.0.1/", guard.NO_CREDENTIALS),
        ("https://user:secret@example.com/", guard.NO_CREDENTIALS),
        ("https://@example.com/", guard.NO_CREDENTIALS),
        ("https://example.com:@127.0.0.1/", guard.NO_CREDENTIALS),
        ("https://127.0.0.1\\@example.com/", guard.NOT_WELL_FORMED),
        ("https://example.com\\.evil.example/", guard.NOT_WELL_FORMED),
        ("https://example.com/\\..\\a", guard.NOT_WELL_FORMED),
        ("https://example.com:/", guard.NOT_WELL_FORMED),
        ("https://example.com:+443/", guard.NOT_WELL_FORMED),
        ("https://example.com:443:80/", guard.NOT_WELL_FORMED),
        ("https://example.com:٤٤٣/", guard.NOT_WELL_FORMED),
        ("https://example.com:0/", guard.PORT_NOT_ALLOWED),
        ("https://example.com:22/", guard.PORT_NOT_ALLOWED),
        ("https://example.com:25/", guard.PORT_NOT_ALLOWED),
        ("https://example.com:65536/", guard.PORT_NOT_ALLOWED),
        ("https://example.com/a b.json", guard.NOT_WELL_FORMED),
        ("https://example.com/\r\nHost: 127.0.0.1", guard.NOT_WELL_FORMED),
        ("https://exam\tple.com/", guard.NOT_WELL_FORMED),
        ("https://example.com\x00.evil.example/", guard.NOT_WELL_FORMED),
        ("https://example.com/\x85", guard.NOT_WELL_FORMED),
        ("https://example.com/\ud800", guard.NOT_WELL_FORMED),
        ("https://example.com/" + "a" * 2048, guard.TOO_LONG),
        # the bucket
        ("s3://other-bucket/delta/a.json", guard.NOT_OUR_FILE),
        ("s3://OUR-BUCKET/delta/a.json", guard.NOT_OUR_FILE),
        ("s3://user@our-bucket/delta/a.json", guard.NOT_OUR_FILE),
        ("s3://our-bucket", guard.NOT_OUR_FILE),
        ("s3://our-bucket/", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta/", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta", guard.NOT_OUR_FILE),
        ("s3://our-bucket//delta/a.json", guard.NOT_OUR_FILE),
        ("s3://our-bucket/Delta/a.json", guard.NOT_OUR_FILE),
        ("s3://our-bucket/snapshots/1", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta/../snapshots/1", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta/a/..", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta/a\n.json", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta/\ud800.json", guard.NOT_OUR_FILE),
        ("s3://our-bucket/delta/" + "é" * 512, guard.NOT_OUR_FILE),
        ("s3:///delta/a.json", guard.NOT_OUR_FILE),
    ],
)
def test_a_hostile_url_is_refused_with_a_fixed_text(url: str, text: str) -> None:
    assert check_url(url, DEFAULT) == text


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", WebTarget("https", "example.com", 443, "/", None)),
        ("HTTPS://Example.COM./A.json", WebTarget("https", "example.com", 443, "/A.json", None)),
        ("https://example.com:8443?x=1#part", WebTarget("https", "example.com", 8443, "/?x=1", None)),
        ("https://example.com/a%20b/../c", WebTarget("https", "example.com", 443, "/a%20b/../c", None)),
        (
            "https://example.com/é.json?q=½",
            WebTarget("https", "example.com", 443, "/%C3%A9.json?q=%C2%BD", None),
        ),
        ("https://example.com/a?u=b@c:d", WebTarget("https", "example.com", 443, "/a?u=b@c:d", None)),
        ("https://xn--bcher-kva.example/", WebTarget("https", "xn--bcher-kva.example", 443, "/", None)),
        ("https://8.8.8.8/", WebTarget("https", "8.8.8.8", 443, "/", ipaddress.IPv4Address("8.8.8.8"))),
        (
            "https://[2606:4700:0::1]:443/",
            WebTarget("https", "2606:4700::1", 443, "/", ipaddress.IPv6Address("2606:4700::1")),
        ),
        ("s3://our-bucket/delta/a é.json", BucketTarget("delta/a é.json")),
        ("S3://our-bucket/delta/2026/a%20b?c#d.json", BucketTarget("delta/2026/a%20b?c#d.json")),
    ],
)
def test_a_sound_url_is_taken_apart(url: str, target: WebTarget | BucketTarget) -> None:
    assert check_url(url, DEFAULT) is None
    assert read_url(url, DEFAULT) == target


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("https://example.com/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("https://[2606:4700::1]:8443/", "[2606:4700::1]:8443"),
    ],
)
def test_the_host_header_names_host_and_unusual_port(url: str, header: str) -> None:
    target = read_url(url, DEFAULT)
    assert isinstance(target, WebTarget)
    assert target.host_header == header


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/a.json",
        "http://localhost:25/a.json",
        "http://LocalHost./a.json",
        "http://[::1]/a.json",
        "http://[0:0::0:1]/a.json",
        "http://example.com/a.json",
    ],
)
def test_a_named_host_may_be_private_and_use_any_port(url: str) -> None:
    assert check_url(url, LOCAL) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2/", "http://2130706433/", "http://intranet/", "http://[::2]/"]
)
def test_other_private_hosts_stay_refused_beside_a_named_one(url: str) -> None:
    assert check_url(url, LOCAL) == guard.HOST_NOT_ALLOWED


def test_without_a_star_only_named_hosts_are_allowed() -> None:
    assert check_url("https://files.example.com/a.json", CLOSED) is None
    assert check_url("https://FILES.example.com.:8443/a.json", CLOSED) is None
    for url in ("https://example.com/", "https://x.files.example.com/", "https://8.8.8.8/", "https://*/"):
        assert check_url(url, CLOSED) is not None
    assert check_url("s3://our-bucket/delta/a.json", CLOSED) == guard.SCHEME_NOT_ALLOWED


def test_a_scheme_that_nobody_speaks_is_refused_even_if_it_was_set() -> None:
    assert check_url("ftp://example.com/", FetchPolicy.of(("ftp",), ("*",), "b")) == guard.SCHEME_NOT_ALLOWED


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.15.0.1", "223.255.255.255", "2606:4700::1", "2a00::1"],
)
def test_public_addresses_are_told(address: str) -> None:
    assert check_address(address)
    assert check_address(ipaddress.ip_address(address))


SPECIAL = """
0.1.2.3 10.255.255.255 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1
198.18.0.1 198.51.100.1 203.0.113.1 239.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::8.8.8.8 ::ffff:8.8.8.8 100::1
64:ff9b::808:808 2001::1 2001:db8::1 2002:808:808::1 3fff::1 3ffe::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
fe80::1%eth0 2606:4700::1%1 fec0::1 ff02::1 localhost 2130706433
"""


@pytest.mark.parametrize("address", ["", *SPECIAL.split()])
def test_all_other_addresses_are_refused(address: str) -> None:
    assert not check_address(address)


@given(st.ip_addresses())
def test_nothing_passes_that_python_knows_to_be_special(address: guard.Address) -> None:
    if check_address(address):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("localhost", "10.0.0.7", True),
        ("localhost", "fd00::7", True),
        ("localhost", "169.254.169.254", False),
        ("localhost", "0.0.0.0", False),
        ("localhost", "fe80::1", False),
        ("localhost", "ff02::1", False),
        ("localhost", "nonsense", False),
        ("localhost", "::ffff:169.254.169.254", False),
        ("localhost", "::ffff:0:169.254.169.254", False),
        ("localhost", "64:ff9b::169.254.169.254", False),
        ("localhost", "2002:a9fe:a9fe::1", False),
        ("localhost", "fd00:ec2::254", False),
        ("localhost", "fe80::1%eth0", False),
        ("example.com", "8.8.8.8", True),
        ("example.com", "10.0.0.7", False),
    ],
)
def test_an_address_is_judged_with_its_host(host: str, address: str, allowed: bool) -> None:
    assert check_host_address(host, address, LOCAL) is allowed


def test_no_address_is_good_for_a_host_that_is_not_allowed() -> None:
    assert not check_host_address("example.com", "8.8.8.8", CLOSED)


@given(
    st.text(max_size=30) | st.text("htps:/.@[]%#?127xlocah0 \\", max_size=40),
    st.sampled_from(["", "https://", "s3://"]),
)
def test_no_text_does_anything_but_pass_or_be_refused(text: str, start: str) -> None:
    verdict = check_url(start + text, DEFAULT)
    assert verdict is None or verdict in {
        guard.NOT_WELL_FORMED,
        guard.TOO_LONG,
        guard.SCHEME_NOT_ALLOWED,
        guard.HOST_NOT_ALLOWED,
        guard.HOST_NOT_ASCII,
        guard.PORT_NOT_ALLOWED,
        guard.NO_CREDENTIALS,
        guard.NOT_OUR_FILE,
    }
