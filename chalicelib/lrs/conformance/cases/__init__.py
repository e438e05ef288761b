"""The checks, a module for each part of the specification."""

from collections.abc import Sequence

from chalicelib.lrs.conformance.cases import (
    actors,
    attachments,
    concurrency,
    document_parameters,
    documents,
    filters,
    known,
    objects,
    reading,
    requests,
    results,
    signatures,
    types,
    version_2,
    voiding,
    writing,
)
from chalicelib.lrs.conformance.check import Check

_MODULES = (
    actors,
    attachments,
    concurrency,
    document_parameters,
    documents,
    filters,
    known,
    objects,
    reading,
    requests,
    results,
    signatures,
    types,
    version_2,
    voiding,
    writing,
)
CHECKS: Sequence[Check] = tuple(check for module in _MODULES for check in module.CHECKS)
"""Every check."""
