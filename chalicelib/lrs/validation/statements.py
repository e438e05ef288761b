"""Checks statements and their parts: a value in, every fault out.

Every function takes any value that a JSON parser can make, raises nothing, and ends after few faults.
"""

from collections.abc import Sequence
from contextlib import suppress

from chalicelib.lrs.validation.compiled import checker
from chalicelib.lrs.validation.faults import MAX_FAULTS, EnoughFaults, Fault, Report
from chalicelib.lrs.versions import XapiVersion

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


def validate_statement(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of a statement as a client sends it (Data 2.2 to 2.4); empty: it is valid."""
    return _faults("STATEMENT", value, version)


def validate_statements(values: Sequence[object], version: XapiVersion) -> list[Fault]:
    """Every fault of a batch, paths beginning with `statements[0]`; two equal ids are one too."""
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for index, value in enumerate(values):
        place = f"statements[{index}]"
        faults += [fault.under(place) for fault in validate_statement(value, version)]
        identifier = value.get("id") if isinstance(value, dict) else None
        if isinstance(identifier, str):
            first = seen.setdefault(identifier.lower(), index)
            if first != index:
                rule = f"must be another id than that of statements[{first}]; send each statement once"
                faults.append(Fault(f"{place}.id", rule, "XAPI-00027"))
        if len(faults) >= MAX_FAULTS:
            break
    return faults[:MAX_FAULTS]


def validate_agent(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of an Agent (Data 2.4.2.1); a Group is none."""
    return _faults("AGENT", value, version)


def validate_group(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of a Group, anonymous or identified (Data 2.4.2.2)."""
    return _faults("GROUP", value, version)


def validate_identified_actor(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of an Agent or Identified Group, as the `agent` of a query (Communication 2.1.3)."""
    return _faults("IDENTIFIED_ACTOR", value, version)


def validate_authority(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of an authority: an Agent, or a Group of an OAuth consumer and a user (Data 2.4.9)."""
    return _faults("AUTHORITY", value, version)


def validate_activity(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of an Activity with or without its definition (Data 2.4.4.1)."""
    return _faults("ACTIVITY", value, version)


def validate_definition(value: object, version: XapiVersion) -> list[Fault]:
    """Every fault of an activity definition alone (Data 2.4.4.1)."""
    return _faults("DEFINITION", value, version)


def _faults(table: str, value: object, version: XapiVersion) -> list[Fault]:
    report = Report()
    with suppress(EnoughFaults):
        checker(table, version)(value, None, report)
    return report.faults
