"""Time, so that tests can hold it."""

from typing import Protocol


class Clock(Protocol):
    """The time of day and a way to wait."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits that long."""
        ...
