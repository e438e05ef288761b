"""What the first call loads is no burden on the next ones."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc
from types import SimpleNamespace
from chalicelib.call_log import logged_call
services = SimpleNamespace(logger=SimpleNamespace(info=lambda *_, **__: None))
before = gc.get_freeze_count()
logged_call("apply", lambda *_: {}, {}, None, services)
first = gc.get_freeze_count()
kept = [[] for _ in range(1000)]
logged_call("apply", lambda *_: {}, {}, None, services)
print(before, first > 1000, gc.get_freeze_count() <= first)
"""


def test_the_collector_spares_what_the_first_call_loaded_and_nothing_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["0", "True", "True"]
