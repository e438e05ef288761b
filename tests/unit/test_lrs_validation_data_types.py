"""The data types of xAPI, by examples of what each takes and what it does not."""

from decimal import Decimal

import pytest

from chalicelib.lrs.validation import data_types as types
from chalicelib.lrs.versions import V1, V2

UUID = "8f87ccde-bb56-4c2e-ab83-44982ef22df0"

VALID = {
    types.is_uuid: [UUID, UUID.upper(), "12345678-1234-5678-1234-567812345678"],
    types.is_iri: [
        "http://example.com",
        "https://example.com/a%20b?q[]=1#x",
        "urn:uuid:" + UUID,
        "tag:a@b.c,2015:x",
        "a+b.c-d:x",
        "http://example.com/فعل/خواندن",
        "mailto:anna@example.com",
        "HTTP://EXAMPLE.COM",
        "act:1",
    ],
    types.is_mbox: [
        "mailto:anna@example.com",
        "mailto:a.b+c%d@sub.example",
        "mailto:a@[::1]",
        "mailto:ü@münchen.de",
    ],
    types.is_sha1: ["cd9b00a5611f94eaa7b1661edab976068e364975", "CD9B00A5611F94EAA7B1661EDAB976068E364975"],
    types.is_sha2: ["0" * 56, "a" * 64, "F" * 96, "9" * 128],
    types.is_media_type: [
        "text/plain",
        "text/plain; charset=ascii",
        'a/b;c="d; \\" e" ; f=g;',
        "application/vnd.x+json",
    ],
    types.is_language_tag: [
        "en",
        "fr-CA",
        "cmn",
        "tlh",
        "sr-Latn-RS",
        "zh-cmn-Hans-CN",
        "de-CH-1901",
        "sl-rozaj-biske-1994",
        "es-419",
        "x-whatever",
        "i-enochian",
        "en-a-myext-b-another",
        "de-Qaaa",
        "zh-min-nan",
        "EN-gb",
        "hy-Latn-IT-arevela",
    ],
    types.is_duration: [
        "PT1H0M0.1S",
        "PT4H35M59.14S",
        "PT16559.14S",
        "P3Y1M29DT4H35M59.14S",
        "P3Y",
        "P4W",
        "P0D",
        "PT0,5H",
        "P1.5W",
    ],
    types.is_number: [0, -1, 1.5, 10**400, Decimal("1.10"), 1e300],
    types.is_scaled: [-1, 1, 1.0, -1.0, 0, Decimal("0.5")],
    types.is_length: [0, 27],
    types.is_boolean: [True, False],
    types.is_string: ["", "x"],
}
INVALID = {
    types.is_uuid: [
        "",
        "AA97B177-9383-4934-8543-0F91A7A028368",
        "MA97B177-9383-4934-8543-0F91A7A02836",
        UUID.replace("-", ""),
        "{" + UUID + "}",
        "urn:uuid:" + UUID,
        UUID + "\n",
        12345,
        "8f87ccde-bb56-4c2e-ab83-44982ef22df\u0660",
    ],
    types.is_iri: [
        "",
        "abc",
        "ab=c://should.fail.com",
        "//example.com",
        "/path",
        "http:",
        "http:/x",
        "http://",
        "http:///x",
        "http://exa mple.com",
        "http://a/<b>",
        "http://a/{b}",
        "http://a/b|c",
        "http://a/%zz",
        "http://a/\ud800",
        "1http://a",
        ":a",
        "http://a\n",
        "http://a/\\b",
        None,
        {},
    ],
    types.is_mbox: [
        "",
        "anna@example.com",
        "mailto:",
        "mailto:anna",
        "mailto:should.fail.com",
        "mailto:a@b@c",
        "mailto:@b.c",
        "mailto:a@",
        "mailto:a b@c.d",
        "mailto:a@b..c",
        "mailto:a@.b",
        "mailto:a@b.c?subject=x",
        "MAILTO:a@b.c",
        "mailto:a@b.c,d@e.f",
        "mailto:a@b.c\n",
    ],
    types.is_sha1: ["", "g" * 40, "a" * 39, "a" * 41, 40],
    types.is_sha2: ["", "should fail", "a" * 63, "a" * 65, "g" * 64, 64],
    types.is_media_type: [
        "",
        "text",
        "text/",
        "/plain",
        "text/plain; charset",
        "text/plain charset=x",
        'a/b;c="d',
        3,
    ],
    types.is_language_tag: [
        "",
        "a12345",
        "a12345678",
        "something",
        "zh-z-aaa-z-bbb-c-ccc",
        "en-",
        "-en",
        "en_US",
        "e",
        "de-1901-1901",
        "en--US",
        "en-x",
        "en-a",
        "de-DE-1901-x-",
        "i-unknown",
        "ar-a-aaa-b-bbb-a-ccc",
        "en-\u0131n",
        "en\n",
        12,
        "abcdefghi",
        "en-x-abcdefghi",
        "a-DE",
        "de-419-DE",
        "en" + "-x" * 200,
    ],
    types.is_duration: [
        "",
        "P",
        "PT",
        "PA1H0M0S",
        "should fail",
        "P4W1D",
        "P1YT",
        "1H",
        "PT1.5H30M",
        "P1.5Y1M",
        "PT1H-1M",
        "-PT1H",
        "P16559.14S",
        "P1H",
        "PT1D",
        "pt1h",
        "P.5D",
        "PT5.S",
        "PT1S\n",
        "P\u0661D",
        "PT1M1H",
        12345,
        {},
    ],
    types.is_number: ["1", True, None, float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity")],
    types.is_scaled: [1.01, -1.00001, "1", True, float("nan"), 10**400, Decimal("1.000000000000000000001")],
    types.is_length: [-1, 27.0, "27", True],
    types.is_boolean: [0, 1, "true", None],
    types.is_string: [1, None, ["x"]],
}


@pytest.mark.parametrize(
    ("test", "value"), [(test, value) for test, values in VALID.items() for value in values]
)
def test_takes(test, value):  # type: ignore[no-untyped-def]
    assert test(value) is True


@pytest.mark.parametrize(
    ("test", "value"), [(test, value) for test, values in INVALID.items() for value in values]
)
def test_refuses(test, value):  # type: ignore[no-untyped-def]
    assert test(value) is False


NOON = 1_447_848_000_000_000  # 2015-11-18T12:00:00Z

TIMES_OF_BOTH = {
    "2015-11-18T12:00:00Z": NOON,
    "2015-11-18T12:00:00.000Z": NOON,
    "2015-11-18t12:00:00z": NOON,
    "2015-11-18T13:00:00+01:00": NOON,
    "2015-11-18T06:30:00-05:30": NOON,
    "2015-11-18T12:00:00+00:00": NOON,
    "2015-11-18T12:00:00.1234567899Z": NOON + 123_456,
    "2015-11-18T12:00:00.6Z": NOON + 600_000,
    "1969-12-31T23:59:59.999999Z": -1,
    "2016-12-31T23:59:60Z": 1_483_228_800_000_000,
    "2016-12-31T23:59:60.5Z": 1_483_228_800_500_000,
    "2016-02-29T00:00:00Z": 1_456_704_000_000_000,
}
TIMES_OF_1_0_3 = {
    "2015-11-18T12:00:00": NOON,
    "2015-11-18T12:00Z": NOON,
    "2015-11-18T12:00:00,5Z": NOON + 500_000,
    "2015-11-18T13:00:00+01": NOON,
    "2015-11-18T13:00:00+0100": NOON,
    "20151118T120000Z": NOON,
    "20151118T1200": NOON,
    "20151118T130000.25+0100": NOON + 250_000,
}
NO_TIMES = [
    "", "should fail", "01/011/2015", "2008-09-15T15:53:00.601-00", "2008-09-15T15:53:00.601-0000",
    "2008-09-15T15:53:00.601-00:00", "2015-11-18", "12:00:00Z", "2015-02-29T12:00:00Z", "2015-11-18T24:00:00Z",
    "2015-11-18T12:60:00Z", "2015-11-18T12:00:61Z", "2015-13-18T12:00:00Z", "2015-11-18T12:00:00+24:00",
    "2015-11-18T12:00:00+01:60", "2015-11-18T12:00:00.Z", "2015-11-18 12:00:00Z", "2015-11-18T12:00:00Z\n",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2015-1118T12:00:00Z",
    "2015-11-18T12:00:00ZZ", "2015-11-18T12:00:00+01:00:00", "\u0662015-11-18T12:00:00Z", "2015-11-18T12:00:00 Z",
    "2015-11-18T12:00:00" + "0" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), (TIMES_OF_BOTH | TIMES_OF_1_0_3).items())
def test_a_timestamp_of_1_0_3_is_iso_8601(text: str, expected: int) -> None:
    assert types.parse_timestamp(text, V1) == expected


@pytest.mark.parametrize(("text", "expected"), (TIMES_OF_BOTH | dict.fromkeys(TIMES_OF_1_0_3)).items())
def test_a_timestamp_of_2_0_is_rfc_3339(text: str, expected: int | None) -> None:
    assert types.parse_timestamp(text, V2) == expected


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_timestamp(text: str) -> None:
    assert types.parse_timestamp(text, V1) is None
    assert types.parse_timestamp(text, V2) is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("PT1.239S", "PT1.23S"), ("PT1.2S", "PT1.2S"), ("PT1.20S", "PT1.2S"), ("PT1.001S", "PT1S"), ("P4W", "P4W"),
        ("PT1,239S", "PT1.23S"), ("P1DT12H36M0.1237S", "P1DT12H36M0.12S"),
    ],
)  # fmt: skip
def test_durations_are_cut_to_hundredths_never_rounded(text: str, normal: str) -> None:
    assert types.normal_duration(text) == normal


@pytest.mark.parametrize(
    ("version", "taken", "refused"),
    [
        (
            V1,
            ["1.0", "1.0.0", "1.0.9"],
            ["2.0.0", "1.1.0", "0.9.9", "should fail", "", "1", "1.0.", "1.0.x", 1.0],
        ),
        (
            V2,
            ["1.0", "1.0.0", "1.0.9", "2.0.0", "2.0.1"],
            ["2.1.0", "1.1.0", "0.9.9", "should fail", "2", 2.0],
        ),
    ],
)
def test_versions(version, taken, refused):  # type: ignore[no-untyped-def]
    assert [types.is_version(value, version) for value in taken] == [True] * len(taken)
    assert [types.is_version(value, version) for value in refused] == [False] * len(refused)
