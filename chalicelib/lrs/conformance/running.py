"""Which checks there are, and the running of one: a run goes check by check, and may stop between any two."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.errors import LightrailError
from chalicelib.lrs.conformance.cases import CHECKS
from chalicelib.lrs.conformance.check import Check
from chalicelib.lrs.conformance.exchange import Failed, NoAnswer, Transport, shown
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.requirements import REQUIREMENTS, Requirement
from chalicelib.lrs.versions import XapiVersion

MOST_REASON = 2000  # characters
_BY_ID = {check.id: check for check in CHECKS}


@dataclass(frozen=True)
class Outcome:
    """What a check found; `reason` is empty where it passed."""

    check: str
    requirement: str
    section: str
    title: str
    passed: bool
    reason: str = ""


class UnknownSection(LightrailError):
    """No requirement of this version has this id, or this section."""

    def __init__(self, section: str, version: XapiVersion) -> None:
        self.section, self.version = section, version
        super().__init__(
            f"{shown(section)} is neither a requirement (XAPI-00113) nor a section of xAPI {version} "
            "(Data 2.4.1, Communication 2.1, 4.1.6.1)."
        )


def plan(version: XapiVersion, section: str | None = None) -> Sequence[str]:
    """The ids of the checks of a version, in the order of the requirements; all, or those of a section.

    `section`: the id of a requirement or of a check, or a section of the specification with all below it.
    Raises `UnknownSection` where nothing is meant by it.
    """
    chosen = [check for check in CHECKS if version in check.versions and _meant(check, section)]
    if not chosen and section is not None:
        raise UnknownSection(section, version)
    return [check.id for check in sorted(chosen, key=lambda check: check.requirement)]


def _meant(check: Check, section: str | None) -> bool:
    if section is None or section.strip() == check.id:
        return True
    return REQUIREMENTS[check.requirement].belongs_to(section)


def run_check(
    check_id: str,
    transport: Transport,
    version: XapiVersion,
    run_id: str,
    attempts: int = 1,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Runs a check and tells what it found; whatever the store answers, nothing is raised.

    What it makes has ids derived from run and check: repeating it after a crash makes nothing twice.
    `attempts`: how often it is tried in all, a second apart, for a store that shows what it took after a while.
    """
    check = _BY_ID.get(check_id)
    if check is None:  # of a run that an older release began
        return Outcome(check_id, check_id.partition(".")[0], "", "", False, "This release has no such check.")
    reason = _reason(check, transport, version, run_id)
    for _ in range(attempts - 1):
        if not reason:
            break
        pause(1)
        reason = _reason(check, transport, version, run_id)
    if len(reason) > MOST_REASON:
        reason = f"{reason[:MOST_REASON]}…"
    requirement = REQUIREMENTS[check.requirement]
    return Outcome(
        check_id, requirement.id, requirement.section_in(version), requirement.title, not reason, reason
    )


def _reason(check: Check, transport: Transport, version: XapiVersion, run_id: str) -> str:
    """Why the check fails; empty: it does not."""
    probe = Probe(transport, version, run_id, check.id)
    try:
        check.run(probe)
    except Failed as error:
        return error.reason
    except NoAnswer as error:
        return f"No answer came: {error}"
    except Exception as error:  # an answer that no check expected must not end the run
        return (
            f"The answer could not be read ({type(error).__name__}); the last request was {probe.last_sent}."
        )
    finally:
        probe.tidy()
    return ""


def covered(version: XapiVersion) -> Sequence[Requirement]:
    """The requirements of a version that at least one check shows."""
    shown_by = {check.requirement for check in CHECKS if version in check.versions}
    return [one for one in REQUIREMENTS.values() if version in one.versions and one.id in shown_by]


def uncovered(version: XapiVersion) -> Sequence[Requirement]:
    """The requirements of a version that no check shows; each says why."""
    shown_by = {one.id for one in covered(version)}
    return [one for one in REQUIREMENTS.values() if version in one.versions and one.id not in shown_by]
