"""The pipeline options of a client: what happens to the statements that it records."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class PipelineOptions:
    """One field per option; the defaults are those of a client that sets none.

    `validate_statements`: refuse invalid ones (off: record them unchecked). `check_conflicts`: refuse an id that is
    stored with other content (off: replace). `record_attachments`: keep their bytes. `void_statements`: a voiding
    statement marks its target. `update_activities`: merge definitions. `update_agents`: names, members, persons.
    `update_vocab`, `update_activity_ids`, `update_agent_ids`: the registries for look-up. `query_targeting`: a query
    of this client also finds statements that refer to a match. `pseudonymize_statements`: of pushes.
    `authority_name`, `authority_homepage`: the authority written on everything that is recorded; empty: the client.
    """

    validate_statements: bool = True
    check_conflicts: bool = True
    record_attachments: bool = True
    void_statements: bool = True
    update_activities: bool = True
    update_agents: bool = True
    update_vocab: bool = True
    update_activity_ids: bool = True
    update_agent_ids: bool = True
    query_targeting: bool = True
    pseudonymize_statements: bool = False
    authority_name: str = ""
    authority_homepage: str = ""


AFTER_COMMIT = (
    "void_statements",
    "update_activities",
    "update_agents",
    "update_vocab",
    "update_activity_ids",
    "update_agent_ids",
)
"""Those that say what is done once a batch is committed, by its writer or by who ends it in its place."""


def off_after_commit(options: PipelineOptions) -> tuple[str, ...]:
    """Which of `AFTER_COMMIT` are off: mostly none."""
    return tuple(name for name in AFTER_COMMIT if not getattr(options, name))


def with_these_off(names: Iterable[str]) -> PipelineOptions:
    """Options with some of `AFTER_COMMIT` off; what else they say counts before the commit alone."""
    off: dict[str, Any] = {name: False for name in names if name in AFTER_COMMIT}
    return replace(PipelineOptions(), **off)
