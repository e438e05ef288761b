"""Baselines of exports in memory."""

from dataclasses import dataclass, field


@dataclass
class MemoryExportBaselines:
    """An `ExportBaselines` in memory."""

    times: dict[str, int] = field(default_factory=dict)

    def get(self, key: str) -> int | None:
        return self.times.get(key)

    def advance(self, key: str, time: int) -> None:
        self.times[key] = max(time, self.times.get(key, time))
