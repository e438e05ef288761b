"""Measure against the raw parts: `python -m tests.bench [part…]`; docs/performance.md explains the figures."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from tests.bench import (
    apply_in_process,
    article_search,
    cold_start,
    exports,
    jobs,
    pipeline_end_to_end,
    queries,
    statements,
    warm_get,
)
from tests.bench.ground import Ground, deployed, forget

PARTS = {
    "apply": "(a) the apply function in process",
    "get": "(c) a warm GET",
    "imports": "(d) cold starts",
    "memory": "(d) memory of the file worker",
    "statements": "(e) statements recorded",
    "queries": "(f) queries of statements",
    "jobs": "(g) jobs over many statements",
    "search": "(h) searches of articles",
    "exports": "(i) exports beside a raw scan",
    "pipeline": "(b) the packaged pipeline",
}
"""In the order in which they run: first what needs no servers, last what leaves work behind."""

_MEASURES: Mapping[str, Callable[[Ground], None]] = {
    "apply": apply_in_process.measure,
    "get": warm_get.measure,
    "memory": cold_start.measure_memory,
    "statements": statements.measure,
    "queries": queries.measure,
    "jobs": jobs.measure,
    "exports": exports.measure,
    "search": article_search.measure,
    "pipeline": pipeline_end_to_end.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Measures the parts that are named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listed = "; ".join(f"{name}: {text}" for name, text in PARTS.items())
    parser.add_argument("parts", nargs="*", metavar="part", choices=[*PARTS, []], help=listed)
    chosen = parser.parse_args(arguments).parts or list(PARTS)
    started = time.monotonic()
    load = os.getloadavg()[0]
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load before the run {load:.1f}")
    if load > 0.5:
        print("The machine is busy with other work: expect lower figures and a wider spread.")
    if "imports" in chosen:
        cold_start.measure()
    if chosen != ["imports"]:
        _on_stack(chosen)
    print(f"\nMeasured in {time.monotonic() - started:.0f} s.")
    return 0


def _on_stack(chosen: Sequence[str]) -> None:
    forget()
    try:
        ground = deployed()
        for part, measure in _MEASURES.items():
            if part in chosen:
                measure(ground)
    finally:
        forget()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
