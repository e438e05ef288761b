"""The rules of an article: its number, its keys, values and size, and how documents are made from each other.

Values are never parsed, trimmed, re-cased or normalised; only an article's number is trimmed and unquoted.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping

from chalicelib.errors import Invalid
from chalicelib.ports.article_store import Document

NUMBER_BYTES = 400  # OpenSearch takes ids of at most 512 bytes
VALUE_BYTES = 32 * 1024
DOCUMENT_BYTES = 200 * 1024
_ESCAPED_BYTES = 6  # JSON: a character is at most `\u0000`, or four bytes of UTF-8
_PAIR_BYTES = 8  # quotes, colon, comma; the braces with the first

Faults = dict[str, list[str]]
"""What is wrong with an input: texts by field."""

_FEATURE = re.compile(r"[FC]_[0-9]+")
_OWN_KEYS = frozenset(("id", "F_1"))  # follow the number, never a change


class BadValue(ValueError):
    """A value that no article may hold; its text says why, without the name of the field."""


def strip_quotes(text: str) -> str:
    """Trims, then takes off one pair of wrapping double quotes, as documented samples wrap identifiers."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text


def is_feature(key: str) -> bool:
    """Whether an article may hold this key: a feature (`F_<int>`) or a classification (`C_<int>`)."""
    return _FEATURE.fullmatch(key) is not None


def number_faults(number: str) -> list[str]:
    """Why this text (already unquoted) is no article number: all that is wrong, without the field's name."""
    if not number.strip():
        return ["is required"]
    faults = []
    size = _utf8_size(number)
    if size is None:
        faults.append("holds half of a surrogate pair, which is no character")
    elif size > NUMBER_BYTES:
        faults.append(f"is longer than {NUMBER_BYTES} bytes in UTF-8")
    if "/" in number:
        faults.append("may not hold a slash")
    if not number.isprintable() and any(unicodedata.category(character) == "Cc" for character in number):
        faults.append("may not hold control characters")
    return faults


def article_number(value: object, field: str) -> str:
    """The article number in a request: a string (trimmed, unquoted) or an integer.

    Raises `Invalid` with every fault under `field`; None and what is empty after stripping count as missing.
    """
    if value is None:
        faults = ["is required"]
    elif isinstance(value, bool) or not isinstance(value, str | int):
        faults = ["must be a string or an integer"]
    else:
        try:
            number = strip_quotes(_text(value))
        except BadValue as bad:
            faults = [str(bad)]
        else:
            faults = number_faults(number)
            if not faults:
                return number
    raise Invalid({field: [f"The {field} field {fault}." for fault in faults]})


def read_value(value: object) -> str:
    """The text that an article stores for a value: a string as it is, an integer as its decimal digits.

    Raises `BadValue`; None is bad too (what it means is the caller's to say).
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadValue("must be a string or an integer")
    text = _text(value)
    size = _utf8_size(text)
    if size is None:
        raise BadValue("holds half of a surrogate pair, which is no character")
    if size > VALUE_BYTES:
        raise BadValue(f"is longer than {VALUE_BYTES // 1024} KB in UTF-8")
    return text


def read_changes(body: Mapping[str, object]) -> tuple[dict[str, str], Faults]:
    """The features and classifications in the body of an API call, in its order, and their faults by key.

    `F_1` names the article and is left to `article_number`; every other key (`F_*` and `C_*` too) is ignored;
    null stores an empty string.
    """
    changes: dict[str, str] = {}
    faults: Faults = {}
    for key, value in body.items():
        if key in _OWN_KEYS or not is_feature(key):
            continue
        try:
            changes[key] = "" if value is None else read_value(value)
        except BadValue as bad:
            faults[key] = [f"The {key} field {bad}."]
    return changes, faults


def new_document(number: str, changes: Mapping[str, str]) -> Document:
    """The document of an article: `id` and `F_1` first, then the rest in its order."""
    return {"id": number, "F_1": number, **_features(changes)}


def merge(document: Document, changes: Mapping[str, str]) -> Document:
    """The document with these values set: known keys keep their place, new ones follow at the end."""
    return {**document, **_features(changes)}


def without(document: Document, keys: Collection[str]) -> Document:
    """The document without these keys; absent ones are ignored, `id` and `F_1` always stay."""
    dropped = frozenset(keys) - _OWN_KEYS
    return {key: value for key, value in document.items() if key not in dropped}


def size_fault(document: Document) -> str | None:
    """Why this document is too large to be stored, or None. Its size is that of its JSON in UTF-8."""
    texts = sum(map(len, document)) + sum(map(len, document.values()))
    if texts * _ESCAPED_BYTES + len(document) * _PAIR_BYTES <= DOCUMENT_BYTES:
        return None  # nearly all are: the exact size costs as much as writing the article's JSON once more
    size = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size <= DOCUMENT_BYTES:
        return None
    return f"The article would be {size} bytes, more than the {DOCUMENT_BYTES // 1024} KB that one may have"


def check_size(document: Document) -> None:
    """Raises `Invalid` (field `article`) for a document that is too large to be stored."""
    fault = size_fault(document)
    if fault is not None:
        raise Invalid({"article": [f"{fault}."]})


def _features(changes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in changes.items() if key not in _OWN_KEYS}


def _utf8_size(text: str) -> int | None:
    """Its bytes in UTF-8; None where half of a surrogate pair stands alone, which UTF-8 cannot say."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None


def _text(value: str | int) -> str:
    try:
        return str(value)
    except ValueError:  # Python refuses to write out an integer of more than 4,300 digits
        raise BadValue("has more digits than an integer may have; send it as a string") from None
