"""What the registries know of the activities and verbs that statements name: what the format `canonical` shows.

Sources: xAPI 1.0.3 Communication 2.1.3 (GET Statements, `format`); IEEE 9274.1.1 4.1.6.1.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import islice

from chalicelib.lrs.keys import key
from chalicelib.lrs.registries.entries import VERB, term_key
from chalicelib.lrs.registries.service import Registries
from chalicelib.lrs.statements.formats import Json, Known
from chalicelib.lrs.statements.parts import parts
from chalicelib.ports.registries import EntryName

PER_READ = 100  # entries of up to 256 KiB each
# Characters of entries for one answer; what comes after them is shown as it stands in its statement.
MOST_TEXT = 8_000_000


def known_to(registries: Registries, store: str, texts: Iterable[str], activity: str | None = None) -> Known:
    """The definitions and displays of what these statements (as JSON) name. Raises `Unavailable`.

    `activity`: the only one that whoever asks may be told of; None: all.
    """
    names: dict[EntryName, str] = {}
    for text in texts:
        found = parts(json.loads(text))
        for verb in found.verbs:
            names[EntryName("terms", term_key(VERB, verb.id))] = verb.id
        for each in found.activities:
            if activity in (None, each.id):
                names[EntryName("activities", key(each.id))] = each.id
    definitions: dict[str, Json] = {}
    displays: dict[str, Json] = {}
    size = 0
    for some in _pieces(list(names)):
        for name, entry in registries.get_many(store, some).items():
            size += len(entry.text)
            value = json.loads(entry.text)
            if name.registry == "terms":
                displays[names[name]] = value.get("display", {})
            else:
                definitions[names[name]] = value.get("definition", {})
        if size > MOST_TEXT:
            break
    return Known(definitions, displays)


def _pieces(names: Sequence[EntryName]) -> Iterable[list[EntryName]]:
    rest = iter(names)
    while some := list(islice(rest, PER_READ)):
        yield some
