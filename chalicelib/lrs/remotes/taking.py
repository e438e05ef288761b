"""Takes what was read elsewhere into a store; what is refused is split until only the item at fault fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from chalicelib.errors import Forbidden, Invalid, Unavailable, WriteConflict
from chalicelib.lrs.errors import StatementConflict, TooLarge
from chalicelib.lrs.remotes.lrs import version_of

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.lrs.remotes.shape import Item
    from chalicelib.lrs.versions import XapiVersion

REFUSALS = (Invalid, StatementConflict, Forbidden, TooLarge)
REQUEST_BYTES = 8_000_000  # of statements and attachments that are recorded at once


def taken(work: Work, items: Sequence[Item], options: PipelineOptions) -> list[str]:
    """Takes items in; why some failed, one text each. Raises `Unavailable`; the same call again is harmless."""
    failed = [f"{item.name} {item.fault}" for item in items if item.fault]
    right = [item for item in items if not item.fault]
    if work.job.service != "statements":
        from chalicelib.lrs.remotes.taking_data import taken_data

        return failed + taken_data(work, right, options)
    caller = work.principal(options)
    for version, group in groupby(right, lambda item: version_of(item.value)):
        for batch in _fitting(list(group)):

            def record(part: Sequence[Item], version: XapiVersion = version) -> None:
                contents = {sha256: content for item in part for sha256, content in item.contents.items()}
                values = [item.value for item in part]
                work.keep()
                work.lrs.recording.record(caller, version, values, contents)

            failed += split(batch, record)
    return failed


def split(items: Sequence[Item], take: Callable[[Sequence[Item]], None]) -> list[str]:
    """Takes items in together, and where they are refused in halves; why single ones failed."""
    try:
        take(items)
    except WriteConflict as error:
        raise Unavailable("The statement store", "others keep writing the same") from error
    except REFUSALS as error:
        if len(items) == 1:
            return [f"{items[0].name} was refused: {error}"]
        half = len(items) // 2
        return [*split(items[:half], take), *split(items[half:], take)]
    return []


def _fitting(items: Sequence[Item]) -> list[list[Item]]:
    """The items in lists that are not too large to be recorded at once."""
    batches: list[list[Item]] = [[]]
    size = 0
    for item in items:
        own = sum(map(len, item.contents.values()))
        if batches[-1] and size + own > REQUEST_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += own
    return batches
