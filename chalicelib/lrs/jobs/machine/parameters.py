"""The parameters of jobs as data, and reading them from a body: strict types, every fault of a request at once.

A parameter that is null is not there. What only a look at what is stored can tell (whether a store, client or
connection exists) is not asked here.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.lrs import strict_json
from chalicelib.lrs.jobs.machine.cutoff import UNTIL
from chalicelib.lrs.validation.data_types import is_iri
from chalicelib.lrs.versions import V2
from chalicelib.schedule.dates import parse_date
from chalicelib.schedule.reading import PARAMETERS as SCHEDULE
from chalicelib.schedule.reading import RANGES
from chalicelib.schedule.repeat import NEEDED

Kind = Literal[
    "boolean",
    "choice",
    "whole number",
    "text",
    "url",
    "agent",
    "until",
    "connection",
    "client",
    "store",
    "service",
]
Faults = dict[str, list[str]]

LONGEST_TEXT = 255  # characters
LONGEST_NAME = 100  # of an unknown field that an error repeats
LARGEST_AGENT = 10_000  # characters of its JSON
REPEATS = tuple(NEEDED)
OF_THE_CALENDAR: Mapping[str, tuple[int, int]] = RANGES
"""The whole numbers of a schedule: name → lowest, highest."""

ALL = "all"
UNTIL_DATE = "until_date"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a type of job.

    `kind`: `boolean`; `choice` of `choices`; `whole number` from `lowest` to `highest`; `text` of up to `longest`
    characters; `url`, an absolute IRI; `agent`, JSON or an object, kept as an object; `until`, one of `choices`, with
    `until_date` beside it where `date` is one of them; `connection`, an internal id; `client`, a slug; `store`, an
    internal id or, named `store`, a slug; `service`, one of `choices`. `default`: what an absent one is kept as; None:
    it is not kept.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = 0
    longest: int = LONGEST_TEXT
    default: object = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a body that it is read from."""
        return (self.name, UNTIL_DATE) if self.kind == "until" and "date" in self.choices else (self.name,)


STORE = "store"
SERVICE = "service"
DRY_RUN = Parameter(
    "dry_run",
    "boolean",
    "Counts and lists what would go, and changes nothing.",
    default=False,
)
# Kept in fields of a job of their own; everything else is a setting of its type.
OF_THE_JOB = (STORE, SERVICE, "connection", "client")


def until(choices: tuple[str, ...] = UNTIL) -> Parameter:
    """Up to when items count: those stored no later than the start of a run, less so much, or than a date."""
    return Parameter(
        "until", "until", "Items stored up to then; counted back from the start of a run.", True, choices
    )


def note_unknown(body: Mapping[str, object], parameters: Sequence[Parameter], faults: Faults) -> None:
    """Notes the fields of a body that are neither of the schedule nor of these parameters."""
    known = ["replay", *SCHEDULE, *(name for parameter in parameters for name in parameter.fields)]
    for name in body:
        if name not in known:
            text = f"This field is not known here; known: {', '.join(known)}."
            faults.setdefault(name[:LONGEST_NAME], []).append(text)


def read_values(
    body: Mapping[str, object],
    parameters: Sequence[Parameter],
    faults: Faults,
    not_required: Collection[str] = (),
) -> dict[str, object]:
    """The values of the parameters that are there and right, and the defaults of those that are absent.

    Notes every fault. `until_date` is kept only where `until` is `date`.
    """
    values: dict[str, object] = {}
    for parameter in parameters:
        value = body.get(parameter.name)
        if value is None:
            if parameter.required and parameter.name not in not_required:
                faults.setdefault(parameter.name, []).append(f"The {parameter.name} field is required.")
            if parameter.default is not None:
                values[parameter.name] = parameter.default
        else:
            try:
                values[parameter.name] = _READ[parameter.kind](parameter, value)
            except _Faulty as fault:
                faults.setdefault(parameter.name, []).extend(fault.told(parameter.name))
        if UNTIL_DATE in parameter.fields:
            _read_until_date(body, faults, values)
    return values


def _read_until_date(body: Mapping[str, object], faults: Faults, values: dict[str, object]) -> None:
    value = body.get(UNTIL_DATE)
    wanted = values.get("until") == "date"
    if value is None:
        if wanted:
            faults.setdefault(UNTIL_DATE, []).append("The until_date field is required when until is date.")
    elif not isinstance(value, str) or parse_date(value) is None:
        faults.setdefault(UNTIL_DATE, []).append(
            "The until_date field must be an ISO 8601 date, such as 2026-12-31 or 2026-12-31T18:00:00+01:00."
        )
    elif wanted:
        values[UNTIL_DATE] = value


class _Faulty(Exception):
    """A value is not as its parameter demands. `rules`: by path within it, what must hold."""

    def __init__(self, rule: str, *rules: tuple[str, str]) -> None:
        self._rules = rules or (("", rule),)
        super().__init__(rule)

    def told(self, name: str) -> list[str]:
        """What to say of the parameter of this name."""
        return [
            f"The {name}{f'.{path}' if path else ''} field {rule.rstrip('.')}." for path, rule in self._rules
        ]


def _boolean(parameter: Parameter, value: object) -> bool:
    if not isinstance(value, bool):
        raise _Faulty("must be true or false")
    return value


def _choice(parameter: Parameter, value: object) -> str:
    if not isinstance(value, str) or value not in parameter.choices:
        raise _Faulty(f"must be one of {', '.join(parameter.choices)}")
    return value


def _whole(parameter: Parameter, value: object) -> int:
    right = isinstance(value, int) and not isinstance(value, bool)
    if not (right and isinstance(value, int) and parameter.lowest <= value <= parameter.highest):
        raise _Faulty(f"must be a whole number from {parameter.lowest} to {parameter.highest}")
    return value


def _text(parameter: Parameter, value: object) -> str:
    if not isinstance(value, str):
        raise _Faulty("must be a string")
    if not value.strip():
        raise _Faulty("must not be empty")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise _Faulty("must not contain control characters")
    if len(value) > parameter.longest:
        raise _Faulty(f"must not be greater than {parameter.longest} characters")
    return value


def _url(parameter: Parameter, value: object) -> str:
    text = _text(parameter, value)
    if not is_iri(text):
        raise _Faulty("must be an absolute address (IRI)")
    return text


def _agent(parameter: Parameter, value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        if len(value) > LARGEST_AGENT:
            raise _Faulty(f"must not be greater than {LARGEST_AGENT} characters")
        try:
            value = strict_json.parse(value, refuse_nul=True)
        except strict_json.InvalidJson as error:
            raise _Faulty(f"must be an xAPI agent as JSON: {error.reason}") from None
    if not isinstance(value, dict):
        raise _Faulty("must be an xAPI agent, as JSON in a string or as an object")
    if len(json.dumps(value, ensure_ascii=False)) > LARGEST_AGENT:
        raise _Faulty(f"must not be greater than {LARGEST_AGENT} characters")
    from chalicelib.lrs import validation  # only calls with an agent need the checks

    faults = validation.validate_identified_actor(value, V2)
    if faults:
        raise _Faulty("must be an xAPI agent", *((fault.path, fault.rule) for fault in faults))
    return value


_READ: Mapping[Kind, Callable[[Parameter, object], object]] = {
    "boolean": _boolean,
    "choice": _choice,
    "whole number": _whole,
    "text": _text,
    "url": _url,
    "agent": _agent,
    "until": _choice,
    "connection": _text,
    "client": _text,
    "store": _text,
    "service": _choice,
}
