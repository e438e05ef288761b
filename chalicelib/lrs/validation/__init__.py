"""Validation of statements and their parts. Knows nothing of storage and HTTP.

The checks are loaded when one is asked for: who parses a time or compares two statements does not pay for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from chalicelib.lrs.validation.faults import MAX_FAULTS, Fault

if TYPE_CHECKING:
    from chalicelib.lrs.validation.statements import (
        validate_activity,
        validate_agent,
        validate_authority,
        validate_definition,
        validate_group,
        validate_identified_actor,
        validate_statement,
        validate_statements,
    )

__all__ = [
    "MAX_FAULTS",
    "Fault",
    "validate_activity",
    "validate_agent",
    "validate_authority",
    "validate_definition",
    "validate_group",
    "validate_identified_actor",
    "validate_statement",
    "validate_statements",
]


def __getattr__(name: str) -> object:
    """Loads the checks where one of them is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.statements"), name)
