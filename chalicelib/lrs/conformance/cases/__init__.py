"""The checks, a module for each part of the specification."""

from collections.abc import Sequence

from chalicelib.lrs.conformance.cases import actors
from chalicelib.lrs.conformance.check import Check

CHECKS: Sequence[Check] = tuple(check for module in (actors,) for check in module.CHECKS)
"""Every check."""
