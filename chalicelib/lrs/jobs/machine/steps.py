"""Runs of several steps: each goes through something page by page, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.data.shape import DataPage, whole


@dataclass(frozen=True)
class Step:
    """`page`: a page of items behind a position (None: the first); changes nothing. `apply`: does one.

    Steps of the same `name` apply in the same way.
    """

    name: str
    page: Callable[[Json | None], DataPage]
    apply: Callable[[Sequence[Json]], Done]


def planned(steps: Sequence[Step], position: Json | None, kept: Json | None = None) -> Plan:
    """The next page of these steps, which are the same in each call of a run.

    `kept`: what is to stand in every position of the run.
    """
    kept = kept or {}
    number = 0 if position is None else whole(position["step"])
    at = None if position is None else position["at"]
    page = steps[number].page(at if isinstance(at, dict) else None)
    begins = number == 0 and at is None
    items = {"step": steps[number].name, "items": list(page.items)} if page.items or begins else {}
    if not page.last:
        return Plan(items, {**kept, "step": number, "at": page.next})
    return Plan(items, {**kept, "step": number + 1, "at": None}, last=number + 1 == len(steps))


def applied(steps: Sequence[Step], plan: Json) -> Done:
    """Does a page that was planned so."""
    found = plan["items"]
    step = next(each for each in steps if each.name == plan["step"])
    return step.apply(found if isinstance(found, list) else ())
