"""Items as JSON objects, as they stand in files and search clusters.

With `raw` it is the statement and nothing else; otherwise what is known of the item, the item itself under `raw`, and
the bytes of its attachments under `contents` (SHA-256 → base64).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from chalicelib.lrs import strict_json
from chalicelib.lrs.remotes.shape import Item
from chalicelib.lrs.validation.data_types import parse_timestamp
from chalicelib.lrs.versions import V1

RAW, CONTENTS, STORED, ID = "raw", "contents", "stored", "id"
SHOWN = 100  # characters of a name
NUL = "holds the character U+0000, which is not taken from anyone."


def record_of(item: Item) -> dict[str, object]:
    """The object that stands for an item; one without anything known of it is itself."""
    if not item.known:
        return dict(item.value)
    made: dict[str, object] = {**item.known, RAW: item.value}
    if item.contents:
        made[CONTENTS] = {
            sha256: base64.b64encode(content).decode() for sha256, content in item.contents.items()
        }
    return made


def item_of(record: object, place: str) -> Item:
    """The item that an object stands for; `place` names it where it has no id."""
    if not isinstance(record, dict):
        return Item(place, fault="is no JSON object.")
    raw = record.get(RAW)
    enveloped = isinstance(raw, dict) and "actor" not in record
    value: Mapping[str, object] = raw if enveloped and isinstance(raw, dict) else record
    name = value.get(ID)  # that of the record is, of an agent, who it is
    shown = f"{place} ({short(name)})" if isinstance(name, str) else place
    if strict_json.holds_nul(record):
        return Item(shown, fault=NUL)
    known = {key: each for key, each in record.items() if key not in (RAW, CONTENTS)} if enveloped else {}
    try:
        contents = _contents(record.get(CONTENTS) if enveloped else None)
    except ValueError as error:
        return Item(shown, value, known, fault=f"has attachments that cannot be read: {error}")
    return Item(shown, value, known, contents)


def short(name: object) -> str:
    """A name that another place gave, as it may stand in one line for a person."""
    text = str(name)[:SHOWN]
    return "".join(each if each.isprintable() else " " for each in text)


def stored_of(item: Item) -> int | None:
    """When the item was stored where it came from (microseconds since 1970), if that is told."""
    told = item.known.get(STORED, item.value.get(STORED))
    return parse_timestamp(told, V1) if isinstance(told, str) else None


def _contents(given: object) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for sha256, text in given.items() if isinstance(given, dict) else ():
        try:
            content = base64.b64decode(str(text), validate=True)
        except binascii.Error:
            raise ValueError("no base64.") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError("the SHA-256 of one is another.")
        found[sha256] = content
    return found
