"""Query parameters of the record store, read with every fault at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.errors import Invalid
from chalicelib.lrs import strict_json
from chalicelib.lrs.validation import data_types

if TYPE_CHECKING:
    from chalicelib.web.call import Call

T = TypeVar("T")
_DIGITS = re.compile("[0-9]{1,18}")


class Parameters:
    """Reads one parameter at a time and remembers what was wrong; `check` raises it. A faulty one is read as None."""

    def __init__(self, call: Call) -> None:
        self._query, self._version = call.query, call.version
        self._faults: dict[str, list[str]] = {}

    def check(self) -> None:
        """Raises `Invalid` with all faults."""
        if self._faults:
            raise Invalid(self._faults)

    def text(self, name: str, required: bool = False) -> str | None:
        """What was sent, as it is."""
        value = self._query.get(name)
        if value is None and required:
            self.refuse(name, f"The parameter {name} is missing.")
        return value

    def refuse(self, name: str, reason: str) -> None:
        """Notes a fault that someone else found."""
        self._faults.setdefault(name, []).append(reason)

    def agent(self, name: str, required: bool = False, groups: bool = False) -> Mapping[str, Any] | None:
        """An agent as JSON; with `groups` an identified group too."""
        text = self.text(name, required)
        if text is None:
            return None
        try:
            value = strict_json.parse(text, what=f"The parameter {name}", refuse_nul=True)
        except strict_json.InvalidJson as error:
            self.refuse(name, str(error))
            return None
        from chalicelib.lrs import validation  # only these calls need the checks

        check = validation.validate_identified_actor if groups else validation.validate_agent
        faults = check(value, self._version)
        for fault in faults:
            self.refuse(name, f"{fault.path}: {fault.rule}" if fault.path else fault.rule)
        return value if not faults and isinstance(value, dict) else None

    def iri(self, name: str, required: bool = False) -> str | None:
        """An IRI."""
        value = self.text(name, required)
        if value is not None and not data_types.is_iri(value):
            self.refuse(name, f"The parameter {name} must be an IRI.")
            return None
        return value

    def uuid(self, name: str) -> str | None:
        """A UUID."""
        value = self.text(name)
        if value is not None and not data_types.is_uuid(value):
            self.refuse(name, f"The parameter {name} must be a UUID.")
            return None
        return value

    def time(self, name: str) -> int | None:
        """A timestamp, in microseconds since 1970."""
        value = self.text(name)
        if value is None:
            return None
        time = data_types.parse_timestamp(value, self._version)
        if time is None:
            self.refuse(name, f"The parameter {name} must be a timestamp (ISO 8601, RFC 3339).")
        return time

    def cursor(self, read: Callable[[str], T | None]) -> T | None:
        """The place that a cursor names; None: it is absent. `read`: cursor → place, None where it is none of ours."""
        value = self.text("cursor")
        place = None if value is None else read(value)
        if value is not None and place is None:
            self.refuse("cursor", "The cursor is not one that an answer gave: send it as it is.")
        return place

    def flag(self, name: str) -> bool | None:
        """`true` or `false`; None where it is absent."""
        value = self.text(name)
        if value is None or value in ("true", "false"):
            return None if value is None else value == "true"
        self.refuse(name, f"The parameter {name} must be true or false.")
        return None

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """One of these."""
        value = self.text(name)
        if value is not None and value not in choices:
            self.refuse(name, f"The parameter {name} must be one of: {', '.join(choices)}.")
            return None
        return value

    def choices(self, name: str, choices: Sequence[str]) -> tuple[str, ...]:
        """Some of these, separated by commas; empty: absent."""
        value = self.text(name)
        if value is None:
            return ()
        named = tuple(part.strip() for part in value.split(","))
        if not set(named) <= set(choices):
            self.refuse(name, f"The parameter {name} must be a list, by commas, of: {', '.join(choices)}.")
            return ()
        return named

    def whole(self, name: str, low: int, high: int, default: int) -> int:
        """A whole number within bounds."""
        value = self.text(name)
        if value is None:
            return default
        if not _DIGITS.fullmatch(value) or not low <= int(value) <= high:
            self.refuse(name, f"The parameter {name} must be a whole number from {low} to {high}.")
            return default
        return int(value)
