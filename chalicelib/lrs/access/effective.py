"""The pipeline options that hold for a client: its own between those of the deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.lrs.options import PipelineOptions
from chalicelib.ports.lrs_access import OptionValue


@dataclass(frozen=True)
class EffectiveOptions:
    """What the deployment says: `defaults` for what a client leaves open, `forced` whatever a client says."""

    defaults: Mapping[str, OptionValue] = field(default_factory=dict)
    forced: Mapping[str, OptionValue] = field(default_factory=dict)

    def of(self, own: Mapping[str, OptionValue]) -> PipelineOptions:
        """The options of a client (or a job) that sets these itself."""
        given: dict[str, object] = {**self.defaults, **own, **self.forced}
        return PipelineOptions(**given)  # type: ignore[arg-type]  # names and types are checked where they come in
