"""Takes away what a run left: its statements are voided, page by page. Documents go with the check that made them."""

from chalicelib.lrs.conformance.exchange import Answer, Failed, NoAnswer, Transport
from chalicelib.lrs.conformance.probe import Probe, run_activity, run_mark
from chalicelib.lrs.conformance.samples import VOIDED
from chalicelib.lrs.versions import XapiVersion

PAGE = 50
_CLEANING = "cleaning"


def clean(transport: Transport, version: XapiVersion, run_id: str) -> int:
    """Voids one page of the statements of a run and returns how many; 0: none is left, or the store does not do it.

    Voiding statements stay: the specification has no way to take them back. They carry the marks of
    the run too: the registration `run_mark(run_id)`, or else the activity `run_activity(run_id)`.
    """
    probe = Probe(transport, version, run_id, _CLEANING)
    try:
        left = _left(probe)[:PAGE]
        if left:
            probe.record(*(probe.voiding(target, target) for target in left))
            return len(left)
    except (Failed, NoAnswer):
        pass
    return 0


def _left(probe: Probe) -> list[str]:
    """Statements of the run that are still shown; those that void cannot be voided."""
    marks = (
        {"registration": run_mark(probe.run_id)},
        {"activity": run_activity(probe.run_id), "related_activities": "true"},
    )
    for mark in marks:
        page: Answer | None = probe.page({**mark, "format": "ids", "limit": str(PAGE)})
        while page is not None:
            left = [str(each["id"]) for each in page.json["statements"] if each["verb"]["id"] != VOIDED]
            if left:
                return left
            page = probe.more(page)
    return []
