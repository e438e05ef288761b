"""Rules on the values of a statement, as tables: what is refused at a place, and what is taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.lrs.conformance.check import BOTH, Check
from chalicelib.lrs.conformance.exchange import Failed, shown
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.samples import ABSENT, as_sub_statement, changed
from chalicelib.lrs.versions import XapiVersion

MOST_TOLD = 3
_NOT_NESTED = ("id", "stored", "authority", "version")


@dataclass(frozen=True)
class Rule:
    """At `path` of an otherwise valid statement each of `refused` is answered with 400, each of `accepted` with 200.

    Both are tried in the statement itself; the first of each within a SubStatement too, unless it is `outer`.
    """

    requirement: str
    name: str
    path: str
    refused: Sequence[Any] = ()
    accepted: Sequence[Any] = ()
    outer: bool = False
    versions: tuple[XapiVersion, ...] = BOTH

    def __call__(self, probe: Probe) -> None:
        faults = [fault for fault in self._faults(probe) if fault]
        if faults:
            more = f" And {len(faults) - MOST_TOLD} more." if len(faults) > MOST_TOLD else ""
            raise Failed(" ".join(faults[:MOST_TOLD]) + more)

    def _faults(self, probe: Probe) -> Iterator[str]:
        for kind, values, status in (("refused", self.refused, 400), ("accepted", self.accepted, 200)):
            for number, value in enumerate(values):
                label = f"{kind} {number}"
                yield self._try(probe, changed(self._base(probe, label), self.path, value), value, status)
                if number == 0 and not self._stays_outside:
                    nested = self._within(probe, changed(self._base(probe, label), self.path, value), label)
                    yield self._try(probe, nested, value, status, " of a SubStatement")

    def _try(self, probe: Probe, statement: dict[str, Any], value: Any, status: int, where: str = "") -> str:
        answer = probe.post(statement)
        if answer.status == status:
            return ""
        what = "is missing" if value is ABSENT else f"is {shown(value)}"
        came = f"status {answer.status}, {shown(answer.body)}"
        return f"Sent a statement whose {self.path}{where} {what}: expected status {status}; came {came}."

    def _base(self, probe: Probe, label: str) -> dict[str, Any]:
        """A statement with every property; without those that only an Activity may have, where the object changes."""
        made = probe.rich(label)
        if self.path in ("object", "object.objectType"):
            del made["context"]["revision"], made["context"]["platform"]
        return made

    def _within(self, probe: Probe, statement: dict[str, Any], label: str) -> dict[str, Any]:
        inner = as_sub_statement(statement)
        return probe.statement(f"{label} nested", object=inner)

    @property
    def _stays_outside(self) -> bool:
        return self.outer or self.path.partition(".")[0] in _NOT_NESTED


def checks_of(rules: Sequence[Rule]) -> list[Check]:
    """A check for each rule."""
    return [Check(rule.requirement, rule.name, rule, rule.versions) for rule in rules]
