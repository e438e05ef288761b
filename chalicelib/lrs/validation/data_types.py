"""The data types of xAPI: texts with a format, numbers, times; Data 2.2, 2.4 and 4.2 to 4.6 of 1.0.3, 4.2.7 of 2.0.

Every `is_…` takes any value and raises nothing. Texts are bounded before an expression sees them.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.lrs.validation.language_tags import is_language_tag
from chalicelib.lrs.versions import V2, XapiVersion

LONGEST_TIME = 64
LONGEST_DURATION = 100
LONGEST_MBOX = 1000
LONGEST_MEDIA_TYPE = 1000

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# RFC 3987: no spaces, controls, delimiters, lone surrogates.
_IRI = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*):[^\x00-\x20"<>\\^`{|}\x7f-\x9f\ud800-\udfff]+')
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WITH_HOST = ("http", "https", "ftp")
_MBOX = re.compile(
    r'mailto:[^\x00-\x20"(),:;<>@\[\\\]\x7f-\x9f\ud800-\udfff]+'
    r"@(?:[^\x00-\x2c/:-@\[-`{-\x9f.\ud800-\udfff]+(?:\.[^\x00-\x2c/:-@\[-`{-\x9f.\ud800-\udfff]+)*"
    r"|\[[0-9A-Fa-f:.]+\])"
)
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_SHA2 = re.compile(r"(?:[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128})")
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e])*"'
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|{_QUOTED}))*[ \t]*;?[ \t]*")
_DURATION = re.compile(
    r"P(?=[0-9T])(?![^.,]*[.,][0-9]+[A-Z].)"  # a fraction only in the last number
    r"(?:[0-9]+(?:[.,][0-9]+)?W"
    r"|(?:[0-9]+(?:[.,][0-9]+)?Y)?(?:[0-9]+(?:[.,][0-9]+)?M)?(?:[0-9]+(?:[.,][0-9]+)?D)?"
    r"(?:T(?=[0-9])(?:[0-9]+(?:[.,][0-9]+)?H)?(?:[0-9]+(?:[.,][0-9]+)?M)?(?:[0-9]+(?:[.,][0-9]+)?S)?)?)"
)
_FRACTION = re.compile(r"[.,]([0-9]+)")

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_ISO_8601 = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(?::([0-9]{2})(?:[.,][0-9]+)?)?"
    r"|[0-9]{8}[Tt][0-9]{4}(?:([0-9]{2})(?:[.,][0-9]+)?)?)"
    r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_EPOCH = datetime(1970, 1, 1)
_EARLIEST = (datetime.min - _EPOCH) // timedelta(microseconds=1)
_LATEST = (datetime.max - _EPOCH) // timedelta(microseconds=1)

_VERSION_1 = re.compile(r"1\.0(?:\.[0-9]{1,9})?")
_VERSION_2 = re.compile(r"1\.0(?:\.[0-9]{1,9})?|2\.0\.[0-9]{1,9}")


def is_string(value: object) -> bool:
    return isinstance(value, str)


def is_boolean(value: object) -> bool:
    return value is True or value is False


def is_number(value: object) -> bool:
    """A finite number; neither a boolean nor a text that holds one."""
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return value - value == 0  # not for infinity, nor for what is no number
    return isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite())


def is_scaled(value: object) -> bool:
    return is_number(value) and -1 <= value <= 1  # type: ignore[operator]


def is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_uuid(value: object) -> bool:
    """The standard string form of RFC 4122, of any variant: the specification's own examples have others."""
    return isinstance(value, str) and len(value) == 36 and _UUID.fullmatch(value) is not None


def is_iri(value: object) -> bool:
    """An absolute IRI (RFC 3987): a valid scheme, no forbidden characters, a host where the scheme asks for one."""
    match = _IRI.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    text = match.string
    if "%" in text and _BAD_PERCENT.search(text):
        return False
    scheme = match[1].lower()
    if scheme not in _WITH_HOST:
        return True
    rest = text[len(scheme) + 1 :]
    return rest.startswith("//") and rest[2:3] not in ("", "/", "?", "#")


def is_mbox(value: object) -> bool:
    """`mailto:` and one e-mail address."""
    return isinstance(value, str) and len(value) <= LONGEST_MBOX and _MBOX.fullmatch(value) is not None


def is_sha1(value: object) -> bool:
    return isinstance(value, str) and len(value) == 40 and _SHA1.fullmatch(value) is not None


def is_sha2(value: object) -> bool:
    """The hexadecimal digits of a SHA-224, SHA-256, SHA-384 or SHA-512."""
    return isinstance(value, str) and len(value) <= 128 and _SHA2.fullmatch(value) is not None


def is_media_type(value: object) -> bool:
    """An Internet media type with its parameters (RFC 2046, RFC 9110 section 8.3.1)."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST_MEDIA_TYPE
        and _MEDIA_TYPE.fullmatch(value) is not None
    )


def is_duration(value: object) -> bool:
    """ISO 8601:2004 section 4.4.3.2; weeks stand alone, and only the last number may have a fraction."""
    return (
        isinstance(value, str) and len(value) <= LONGEST_DURATION and _DURATION.fullmatch(value) is not None
    )


def is_version(value: object, version: XapiVersion) -> bool:
    """What the `version` of a statement may say: 1.0 and 1.0.x; in 2.0 also 2.0.x."""
    pattern = _VERSION_2 if version == V2 else _VERSION_1
    return isinstance(value, str) and len(value) <= 20 and pattern.fullmatch(value) is not None


def is_timestamp(value: object, version: XapiVersion) -> bool:
    return isinstance(value, str) and parse_timestamp(value, version) is not None


def parse_timestamp(text: str, version: XapiVersion) -> int | None:
    """Microseconds since 1970 (what is finer is cut); None: it is no timestamp of this version.

    2.0: RFC 3339. 1.0.3: ISO 8601 date and time, extended or basic; without an offset it is UTC. An offset of minus
    zero is none in either.
    """
    if len(text) > LONGEST_TIME or not text.isascii():
        return None
    match = (_RFC_3339 if version == V2 else _ISO_8601).fullmatch(text)
    if match is None:
        return None
    *seconds, sign, hours, minutes = match.groups()
    if sign is not None:
        offset = int(hours) * 60 + int(minutes or 0)
        if int(hours) > 23 or int(minutes or 0) > 59 or (offset == 0 and sign == "-"):
            return None
        offset = -offset if sign == "-" else offset
        text = text[: match.start(len(match.groups()) - 2)]
    else:
        offset = 0
        text = text.rstrip("Zz")
    leap = "60" in seconds
    if leap:
        start = match.start(1 + seconds.index("60"))
        text = f"{text[:start]}59{text[start + 2 :]}"
    try:
        moment = datetime.fromisoformat(text.replace(",", ".").upper())
    except ValueError:
        return None
    time = (moment - _EPOCH) // timedelta(microseconds=1) - offset * 60_000_000 + leap * 1_000_000
    return time if _EARLIEST <= time <= _LATEST else None


def normal_duration(text: str) -> str:
    """A duration for comparison: what is finer than a hundredth is cut, zeros at the end too (Data 4.6 of 1.0.3)."""

    def cut(match: re.Match[str]) -> str:
        digits = match[1][:2].rstrip("0")
        return f".{digits}" if digits else ""

    return _FRACTION.sub(cut, text, count=1)


def normal_mbox(text: str) -> str:
    """An address for comparison: the domain in lower case (Data 2.3.1 of 1.0.3)."""
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{domain.lower()}"


__all__ = [
    "is_boolean",
    "is_duration",
    "is_iri",
    "is_language_tag",
    "is_length",
    "is_mbox",
    "is_media_type",
    "is_number",
    "is_scaled",
    "is_sha1",
    "is_sha2",
    "is_string",
    "is_timestamp",
    "is_uuid",
    "is_version",
    "normal_duration",
    "normal_mbox",
    "parse_timestamp",
]
