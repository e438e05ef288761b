"""Reading what a call of the Access API sends, every fault of it noted by field."""

import unicodedata
from collections.abc import Collection, Mapping

from chalicelib.errors import Invalid
from chalicelib.lrs.access.slugs import LONGEST, is_slug

MAX_LENGTH = 255  # characters of any text


class Fields:
    """The fields of a body, read one by one; `check` raises with every fault that was met on the way."""

    def __init__(self, given: Mapping[str, object], known: Collection[str], within: str = "") -> None:
        """`known`: the fields that there are. `within`: the field that this object stands in."""
        self._given, self._within = given, f"{within}." if within else ""
        self.faults: dict[str, list[str]] = {}
        for name in given:
            if name not in known:
                self.fault(name, f"This field is not known; known: {', '.join(known)}.")

    def has(self, name: str) -> bool:
        """Whether the field is there; null says that it is not."""
        return self._given.get(name) is not None

    def get(self, name: str) -> object:
        """The field as it was sent; None where it is not there."""
        return self._given.get(name)

    def fault(self, name: str, text: str) -> None:
        """Notes a fault of a field."""
        self.faults.setdefault(f"{self._within}{name}"[:MAX_LENGTH], []).append(text)

    def take(self, inner: "Fields") -> None:
        """Notes the faults of an object within this one."""
        for name, texts in inner.faults.items():
            self.faults.setdefault(name, []).extend(texts)

    def check(self) -> None:
        """Raises `Invalid` if there was a fault."""
        if self.faults:
            raise Invalid(self.faults)

    def text(self, name: str, default: str | None = None, trim: bool = True) -> str:
        """A text that is not empty; without a default it is required. A fault gives an empty one."""
        if not self.has(name) and default is not None:
            return default
        value = self.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            self.fault(name, f"The {name} field is required.")
        elif not isinstance(value, str):
            self.fault(name, f"The {name} field must be a string.")
        elif any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
            self.fault(name, f"The {name} field must not contain control characters.")
        elif len(value) > MAX_LENGTH:
            self.fault(name, f"The {name} field must not be greater than {MAX_LENGTH} characters.")
        else:
            return value.strip() if trim else value
        return ""

    def slug(self, name: str) -> str:
        """A name that stands in addresses, required."""
        value = self.text(name)
        if value and not is_slug(value):
            self.fault(
                name,
                f"The {name} field must be 1 to {LONGEST} letters (A to Z), digits, hyphens or underscores.",
            )
        return value

    def one_of(self, name: str, allowed: Collection[str], default: str) -> str:
        """One of some texts."""
        value = self.text(name, default)
        if value and value not in allowed:
            self.fault(name, f"The {name} field must be one of {', '.join(allowed)}.")
            return default
        return value or default

    def objects(self, name: str) -> Mapping[str, object]:
        """An object; empty where the field is not there."""
        value = self.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(name, f"The {name} field must be an object.")
            return {}
        return value

    def unchanged(self, name: str, current: str) -> None:
        """Notes a fault where a field that never changes is sent with another value."""
        if self.has(name) and self.get(name) != current:
            self.fault(name, f"The {name} field cannot be changed; it is {current}.")
