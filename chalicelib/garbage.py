"""How often Python's garbage collector looks for what refers to itself."""

import gc
from functools import cache

THRESHOLD = 50_000  # objects; Python's own is 700


@cache
def collect_less() -> None:
    """Takes all that the first call has loaded out of garbage collection, once: it stays as long as the process.

    A batch of entries or statements makes thousands of objects that live as long as it does, so the collector would
    look at all of it several times, and with its own threshold time and again at the batch: together over a quarter
    of the processor's time for a batch of 500 entries, a tenth for a hundred statements.
    """
    gc.freeze()
    gc.set_threshold(THRESHOLD, 10, 10)
