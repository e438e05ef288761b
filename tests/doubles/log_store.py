"""The general log in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.errors import Unavailable
from chalicelib.ports.logs import LogEntry, LogPage, LogSearch


@dataclass
class MemoryLogStore:
    """A `LogStore` in memory; while `down` nothing answers."""

    down: bool = False
    _kept: dict[str, tuple[LogEntry, int]] = field(default_factory=dict)

    def add(self, entry: LogEntry, expires_at: int) -> None:
        self._check()
        self._kept[entry.id] = (entry, expires_at)

    def page(self, search: LogSearch, now: int) -> LogPage:
        self._check()
        found = [
            entry
            for entry, expires_at in self._kept.values()
            if expires_at > now
            and (search.after is None or entry.id < search.after)
            and (not search.types or entry.type in search.types)
            and (not search.levels or entry.level in search.levels)
            and search.store in (None, entry.store)
            and (search.until is None or entry.at <= search.until)
        ]
        found.sort(key=lambda entry: entry.id, reverse=True)
        kept = tuple(found[: search.limit])
        return LogPage(kept, kept[-1].id if len(found) > search.limit else None)

    def remove(self, entries: Sequence[LogEntry]) -> None:
        self._check()
        for entry in entries:
            self._kept.pop(entry.id, None)

    def all(self) -> list[LogEntry]:
        """Every entry, oldest first."""
        return sorted((entry for entry, _ in self._kept.values()), key=lambda entry: entry.id)

    def _check(self) -> None:
        if self.down:
            raise Unavailable("The general log", "planned")
