"""A check of one requirement, and lists of them."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.versions import V1, V2, XapiVersion

BOTH: tuple[XapiVersion, ...] = (V1, V2)
Run = Callable[[Probe], None]


@dataclass(frozen=True)
class Check:
    """Shows in one store whether a requirement is met: `run` raises `Failed` where it is not.

    Its id is the requirement's and a name of its own: `XAPI-00113.statement-result`.
    """

    requirement: str
    name: str
    run: Run
    versions: tuple[XapiVersion, ...] = BOTH

    @property
    def id(self) -> str:
        return f"{self.requirement}.{self.name}"


class Checks(list[Check]):
    """The checks of one module, in the order in which they stand there."""

    def that(self, *requirements: str, versions: tuple[XapiVersion, ...] = BOTH) -> Callable[[Run], Run]:
        """Adds a function as check of these requirements, under its own name."""

        def add(run: Run) -> Run:
            name = getattr(run, "__name__", "").replace("_", "-")
            self.extend(Check(requirement, name, run, versions) for requirement in requirements)
            return run

        return add
