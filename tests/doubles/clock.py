"""A clock that tests hold."""


class FakeClock:
    """Stands in for `ports.clock.Clock`: time passes only where a test, or a sleep, says so."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        if seconds < 0:
            raise ValueError("time does not run back")
        self._now += seconds
