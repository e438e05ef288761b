"""Black-box conformance checks of xAPI: what a client of any learning record store can see, requirement by requirement.

The cases are written from the specifications (1.0.3, and 2.0 as IEEE 9274.1.1).
"""

from chalicelib.lrs.conformance.cleaning import clean
from chalicelib.lrs.conformance.exchange import NoAnswer, Response, Transport
from chalicelib.lrs.conformance.probe import run_activity, run_mark
from chalicelib.lrs.conformance.requirements import Requirement
from chalicelib.lrs.conformance.running import (
    Outcome,
    UnknownSection,
    covered,
    plan,
    run_check,
    uncovered,
)

__all__ = [
    "NoAnswer",
    "Outcome",
    "Requirement",
    "Response",
    "Transport",
    "UnknownSection",
    "clean",
    "covered",
    "plan",
    "run_activity",
    "run_check",
    "run_mark",
    "uncovered",
]
