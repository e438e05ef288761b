"""The requirements of xAPI by the numbers of the public list, each in a sentence, with its section.

The numbers (`XAPI-00001` …) are those of the public conformance requirements; what they do not number has a number
of ours (`LR-001` …). Sections are those of 1.0.3; `SECTIONS_2` says where 2.0 (IEEE 9274.1.1) has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.lrs.conformance.catalogue import data, documents, own, statements
from chalicelib.lrs.versions import V1, V2, XapiVersion

SECTIONS_2: Mapping[str, str] = {
    "Communication 1.5": "4.1.3",
    "Communication 2.1": "4.1.6.1",
    "Communication 2.3": "4.1.6.2",
    "Communication 2.4": "4.1.6.3",
    "Communication 2.5": "4.1.6.4",
    "Communication 2.6": "4.1.6.5",
    "Communication 2.7": "4.1.6.6",
    "Communication 2.8": "4.1.6.7",
    "Communication 3.1": "4.1.4",
    "Data 2.3.2": "4.2.5",
    "Data 2.4.1": "4.2.4.2",
    "Data 2.4.2": "4.2.2.1",
    "Data 2.4.3": "4.2.2.2",
    "Data 2.4.4": "4.2.2.3",
    "Data 2.4.5": "4.2.2.4",
    "Data 2.4.6": "4.2.2.5",
    "Data 2.4.7": "4.2.4.2",
    "Data 2.4.8": "4.2.4.2",
    "Data 2.4.9": "4.2.4.2",
    "Data 2.4.10": "4.2.4.3",
    "Data 2.4.11": "4.2.2.6",
    "Data 4": "4.2.7",
}


@dataclass(frozen=True)
class Requirement:
    """What an LRS must do. `not_covered`: why no check of ours shows it; empty: one does."""

    id: str
    section: str
    title: str
    versions: tuple[XapiVersion, ...] = (V1, V2)
    not_covered: str = ""

    def section_in(self, version: XapiVersion) -> str:
        """The section of the specification of this version."""
        return section_2(self.section) if version == V2 else self.section

    def belongs_to(self, section: str) -> bool:
        """Whether this requirement is meant: by its id, its section in either version, or a section above it."""
        wanted = section.strip().casefold()
        if wanted == self.id.casefold():
            return True
        places = {self.section.casefold(), section_2(self.section).casefold()}
        return any(place == wanted or place.startswith((f"{wanted}.", f"{wanted} ")) for place in places)


def section_2(section: str) -> str:
    """Where 2.0 has a section of 1.0.3; the same name where it has no place of its own."""
    name = section
    while name:
        if name in SECTIONS_2:
            return SECTIONS_2[name]
        name = name.rpartition(".")[0]
    return section


_ONLY: Mapping[str, tuple[XapiVersion, ...]] = {
    **dict.fromkeys(("XAPI-00336", "XAPI-00148"), (V1,)),
    **{number: (V1,) for number, _, _ in own.OF_1_0},
    **{number: (V2,) for number, _, _ in own.OF_2_0},
}


def _all() -> dict[str, Requirement]:
    tables = (
        data.REQUIREMENTS,
        statements.REQUIREMENTS,
        documents.REQUIREMENTS,
        own.OF_BOTH,
        own.OF_1_0,
        own.OF_2_0,
    )
    rows = sorted(row for table in tables for row in table)
    made = [
        Requirement(number, section, title, _ONLY.get(number, (V1, V2)), own.NOT_COVERED.get(number, ""))
        for number, section, title in rows
    ]
    return {one.id: one for one in made}


REQUIREMENTS: Mapping[str, Requirement] = _all()
"""Every requirement by its id, in the order of the ids."""
