"""The time of the machine."""

import time


class SystemClock:
    """A `Clock` that tells and waits real time."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Waits that long."""
        time.sleep(seconds)
