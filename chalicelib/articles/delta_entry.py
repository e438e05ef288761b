"""One entry of a delta file: what it asks for, and everything that is wrong with it."""

import json
import re
from dataclasses import dataclass

from chalicelib.articles.delta_json import FractionText, IntegerText, check_depth, to_json
from chalicelib.articles.document import DOCUMENT_BYTES, VALUE_BYTES, is_feature, number_faults, strip_quotes
from chalicelib.articles.operations import NAMING_FEATURES, WITHOUT_NULL, canonical_operation

MAX_LISTED = 100  # faults (and warnings) listed for one entry: a ledger item holds 400 KB
_SHORT = 1024  # characters of a value that needs no closer look
_LONGER = 6  # times as long, at most, is a character in the JSON of a document as in that of its entry
_QUOTED = 80  # characters of a client's key or name that a fault repeats

_ENTRY_KEYS = frozenset(("operation", "articleData"))
_DATA_KEYS = frozenset(("F_1", "id"))
_PLAIN_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")  # most numbers: known to be faultless at once

_HALF = "holds half of a surrogate pair, which is no character"
_WRONG_TYPE = "is neither a string nor an integer"

Pairs = tuple[tuple[str, object], ...]
"""A decoded JSON object: its keys and values as they stand, repeated ones too."""


@dataclass(frozen=True, slots=True)
class DeltaEntry:
    """One entry of a delta file. All its texts are valid Unicode: half a surrogate pair shows as `\\udxxx`.

    `pos`: place in the file, from 0. `start`, `end`: its bytes in the unpacked file, `end` exclusive.
    `operation`: canonical name, or the text as submitted where there is no such operation.
    `number`: the article's number; None where it cannot be read.
    `article_data`: as submitted, `F_1` first; integers as digits, what may not be a value as its JSON text.
    `changes`: features and classifications without `F_1`; None only in deletes.
    `faults`, `warnings`: each says where and what; the first 100 are listed, then how many more there are.
    """

    pos: int
    start: int
    end: int
    operation: str
    raw_operation: str
    number: str | None
    article_data: dict[str, str | None]
    changes: dict[str, str | None]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


class _Findings:
    __slots__ = ("faults", "warnings")

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.warnings: list[str] = []


def build_entry(value: object, pos: int, start: int, end: int) -> DeltaEntry:
    """Judges one decoded value (see `delta_json.decode`). Raises `FileFault` where it is nested too deep."""
    found = _Findings()
    if not isinstance(value, tuple):
        check_depth(value)
        return DeltaEntry(pos, start, end, "", "", None, {}, {}, ("the entry is not a JSON object",), ())
    fields = dict(value)
    if len(fields) != len(value):
        _note_repeats(value, _ENTRY_KEYS, "", found)
    operation, raw_operation = _read_operation(fields.get("operation"), found)
    number, data, changes = _read_data(fields.get("articleData"), value, operation, end - start, found)
    if len(fields) > len(_ENTRY_KEYS) or "articleData" not in fields or "operation" not in fields:
        _note_unknown_keys(fields, found)
    if found.faults or found.warnings:
        check_depth(value)
    return DeltaEntry(
        pos,
        start,
        end,
        operation,
        raw_operation,
        number,
        data,
        changes,
        _listed(found.faults, "faults"),
        _listed(found.warnings, "warnings"),
    )


def _read_operation(raw: object, found: _Findings) -> tuple[str, str]:
    """The operation's name and the text that was submitted."""
    if type(raw) is not str:
        found.faults.append("operation is missing" if raw is None else "operation is not a string")
        text = "" if raw is None else _clean(_json_text(raw))
        return text, text
    name = canonical_operation(raw)
    if name is not None:
        return name, raw
    found.faults.append(f"operation is unknown: {_quote(raw)}")
    if _has_half(raw):
        found.faults.append(f"operation {_HALF}")
    return _clean(raw), _clean(raw)


def _read_data(
    raw: object, entry: Pairs, operation: str, size: int, found: _Findings
) -> tuple[str | None, dict[str, str | None], dict[str, str | None]]:
    """The number, the data as submitted and the changes. `size`: bytes of the entry."""
    if not isinstance(raw, tuple):
        found.faults.append("articleData is missing" if raw is None else "articleData is not a JSON object")
        return _agreed_number(entry), {}, {}
    fields = dict(raw)
    if len(fields) != len(raw):
        _note_repeats(raw, _DATA_KEYS, "articleData.", found)
    number = _read_number(fields, found)
    data, changes = _read_values(fields, operation not in WITHOUT_NULL, found)
    if operation in NAMING_FEATURES and not changes:
        found.faults.append("articleData names no feature (F_<number> or C_<number>) beside F_1")
    if "id" in fields and number is not None:
        _check_id(fields["id"], number, found)
    if size * _LONGER > DOCUMENT_BYTES:
        _check_size(data, found)
    if found.faults:
        number = _agreed_number(entry)
    return number, data, changes


def _read_number(fields: dict[str, object], found: _Findings) -> str | None:
    raw = fields.get("F_1")
    number = _number_text(raw)
    if number is None:
        found.faults.append(
            "articleData.F_1 is required" if raw is None else f"articleData.F_1 {_WRONG_TYPE}"
        )
        return None
    if _PLAIN_NUMBER.fullmatch(number):
        return number
    faults = number_faults(number)
    found.faults.extend(f"articleData.F_1 {fault}" for fault in faults)
    return None if faults else number


def _read_values(
    fields: dict[str, object], nullable: bool, found: _Findings
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    data: dict[str, str | None] = {}
    changes: dict[str, str | None] = {}
    if "F_1" in fields:
        data["F_1"] = _submitted(fields["F_1"])
    for key, value in fields.items():
        if key == "F_1":
            continue
        if type(value) is str and len(value) <= _SHORT and value.isascii() and is_feature(key):  # most are
            data[key] = changes[key] = value
            continue
        text = value if type(value) is str else _submitted(value)
        if is_feature(key):
            changes[key] = text
        elif key != "id":
            found.faults.append(_key_fault(key))
            key = _clean(key)
        fault = _value_fault(value, nullable)
        if fault is not None:
            found.faults.append(f"articleData.{_clip(key)} {fault}")
            text = None if text is None else _clean(text)
        data[key] = text
    return data, changes


def _value_fault(value: object, nullable: bool) -> str | None:
    if value is None:
        return None if nullable else "is null; send an empty string to store one"
    if not isinstance(value, str) or isinstance(value, FractionText):
        return _WRONG_TYPE
    if value.isascii():
        size = len(value)
    else:
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            return _HALF
    return f"is longer than {VALUE_BYTES // 1024} KB in UTF-8" if size > VALUE_BYTES else None


def _key_fault(key: str) -> str:
    if _has_half(key):
        return f"articleData: the key {_quote(key)} {_HALF}"
    return f"articleData: the key {_quote(key)} is not F_ or C_ followed by digits"


def _check_id(value: object, number: str, found: _Findings) -> None:
    text = _number_text(value)
    if text != number:
        found.faults.append("articleData.id differs from F_1")


def _check_size(data: dict[str, str | None], found: _Findings) -> None:
    size = len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size > DOCUMENT_BYTES:
        found.faults.append(f"articleData is {size} bytes, more than the {DOCUMENT_BYTES // 1024} KB allowed")


def _agreed_number(entry: Pairs) -> str | None:
    """The number on which every F_1 of a faulty entry agrees: its article will wait, so none is guessed."""
    numbers = {
        _number_text(value)
        for name, data in entry
        if name == "articleData" and isinstance(data, tuple)
        for key, value in data
        if key == "F_1"
    }
    number = numbers.pop() if len(numbers) == 1 else None
    return number if number is not None and not number_faults(number) else None


def _number_text(value: object) -> str | None:
    """An identifier after the quoting rule; None where it is no text and no integer."""
    if type(value) is str:
        return strip_quotes(value)
    return _digits(value) if isinstance(value, IntegerText) else None


def _submitted(value: object) -> str | None:
    if value is None or type(value) is str:
        return value if value is None or not _has_half(value) else _clean(value)
    return _digits(value) if isinstance(value, IntegerText) else _clean(_json_text(value))


def _digits(value: IntegerText) -> str:
    return "0" if value == "-0" else str(value)


def _note_repeats(pairs: Pairs, identifying: frozenset[str], where: str, found: _Findings) -> None:
    seen: dict[str, object] = {}
    noted: set[tuple[str, bool]] = set()
    for key, value in pairs:
        if key in seen:
            differs = key in identifying and (type(value) is not type(seen[key]) or value != seen[key])
            if (key, differs) not in noted:
                noted.add((key, differs))
                into = found.faults if differs else found.warnings
                into.append(f"{where}{_clip(key)} stands twice{' with different values' if differs else ''}")
        seen[key] = value


def _note_unknown_keys(fields: dict[str, object], found: _Findings) -> None:
    for key, value in fields.items():
        if key in _ENTRY_KEYS:
            continue
        if _has_half(key) or _has_half(_json_text(value)):
            found.faults.append(f"the key {_quote(key)}, or its value, {_HALF}")
        else:
            found.warnings.append(f"the key {_quote(key)} is unknown and ignored")


def _json_text(value: object) -> str:
    check_depth(value)
    return to_json(value)


def _has_half(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _clip(text: str) -> str:
    return _clean(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…")


def _quote(text: str) -> str:
    return json.dumps(_clip(text), ensure_ascii=False)


def _listed(texts: list[str], kind: str) -> tuple[str, ...]:
    if len(texts) <= MAX_LISTED:
        return tuple(texts)
    return (*texts[:MAX_LISTED], f"and {len(texts) - MAX_LISTED} more {kind}")
