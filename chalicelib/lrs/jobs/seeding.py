"""Makes statements from a named config and records them; the same config makes the same statements again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.errors import WriteConflict
from chalicelib.jobs.run_type import Done, Json, Plan, RunFailed
from chalicelib.lrs.errors import InvalidStatements, StatementConflict
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter
from chalicelib.lrs.seeding.config import BUILT_IN, LONGEST_NAME

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.lrs.seeding.configs import NamedConfig
    from chalicelib.ports.jobs import JobRecord

PER_PAGE = 500  # statements of one batch
_CHANGED = "The config {} was changed while the run went on; send replay to begin again."
_CONTENDED = "Others are writing the statements of the config at this moment."
_OTHER = (
    "The store has a statement with the id {} and another content: the config was changed, or another has the same "
    "seed. Give it another seed, or clear the store; what was recorded before stays."
)


class Seeding(JobType):
    """The type `seeding`."""

    name = "seeding"
    parameters = (
        Parameter(
            "config",
            "text",
            "What to make: default, or the name of a config in the bucket.",
            longest=LONGEST_NAME,
            default=BUILT_IN,
        ),
    )
    store = "required"

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        from chalicelib.lrs.seeding.configs import UnusableConfig, config_named

        try:
            config_named(str(job.settings["config"]), lrs.blobs)
        except UnusableConfig as error:
            return {"config": [f"The config field {reason}" for reason in error.reasons]}
        return {}

    def total(self, work: Work) -> int:
        return _config(work).config.statements

    def plan(self, work: Work, position: Json | None) -> Plan:
        named = _config(work)
        first = 0 if position is None else int(str(position["next"]))
        digest = named.digest if position is None else str(position["config"])
        end = min(first + _per_page(named), named.config.statements)
        items = {"first": first, "end": end, "config": digest}
        return Plan(items, {"next": end, "config": digest}, last=end >= named.config.statements)

    def apply(self, work: Work, items: Json) -> Done:
        from chalicelib.lrs.seeding.making import Maker

        named = _config(work)
        if named.digest != items["config"]:
            raise RunFailed(_CHANGED.format(work.settings["config"]))
        maker = Maker(named.config)
        first, end = int(str(items["first"])), int(str(items["end"]))
        _record(work, [maker.statement(index) for index in range(first, end)])
        return Done(done=end - first)


def _per_page(named: NamedConfig) -> int:
    """As many statements as name no more than one batch may."""
    from chalicelib.lrs.seeding.making import Maker
    from chalicelib.lrs.statements.preparing import MOST_NAMED

    return min(PER_PAGE, MOST_NAMED // Maker(named.config).most_named())


def _config(work: Work) -> NamedConfig:
    from chalicelib.lrs.seeding.configs import UnusableConfig, config_named

    name = str(work.settings["config"])
    try:
        return config_named(name, work.lrs.blobs)
    except UnusableConfig as error:
        reasons = " ".join(f"The config {name} {reason}" for reason in error.reasons)
        raise RunFailed(f"{reasons} Put it right, and send replay.") from None


def _record(work: Work, statements: Sequence[object]) -> None:
    from chalicelib.lrs.access.guard import VERSIONS

    store = work.lrs.access_store.read("", work.store).store
    if store is None or store.status != "ready":
        raise RunFailed(f"The store {work.store} is not ready: it is being deleted, or gone.")
    try:
        # With the options of the deployment.
        principal = work.principal(work.lrs.effective_options.of({}))
        work.lrs.recording.record(principal, VERSIONS[store.xapi_version], statements, {})
    except StatementConflict as error:
        raise RunFailed(_OTHER.format(error.statement_id)) from error
    except InvalidStatements as error:
        place, reasons = next(iter(error.faults.items()))
        raise RunFailed(
            f"The config makes statements that are not valid, such as {place}: {reasons[0]}"
        ) from error
    except WriteConflict as error:
        raise RunFailed(_CONTENDED, resumable=True) from error


JOB = Seeding()
