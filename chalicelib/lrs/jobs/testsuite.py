"""Checks a client's own endpoint against xAPI from outside, and takes away what that leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.jobs.run_type import Done, Json, Plan, RunFailed
from chalicelib.lrs.jobs.machine.data import items_of
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter
from chalicelib.lrs.versions import V1, V2, XapiVersion
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.lrs.conformance import Outcome, Transport
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.lrs.testsuite.leavings import Leavings
    from chalicelib.ports.jobs import JobRecord
    from chalicelib.ports.lrs_access import ClientRecord

PART = "The endpoint of the client"
VERSIONS: tuple[XapiVersion, ...] = (V1, V2)
PER_PAGE = 5  # checks; a page ends within the lease of its worker, whatever its last request waits for
PAGE_SECONDS = 75.0
CREDENTIAL_SECONDS = 600.0  # longer than a page by far; one whose worker died is over then
ATTEMPTS = 2  # of a check, for an endpoint that faltered
MOST_CLEANINGS = 20  # pages of what a whole run leaves, and more
LONGEST_LINE = 2000  # characters
_FAILED = "{} of {} checks failed; the log of the job has every check, and why it failed."


class Testsuite(JobType):
    """The type `testsuite`."""

    name = "testsuite"
    parameters = (
        Parameter("section", "text", "A requirement, or a section of the specification; without it, all."),
        Parameter("client", "client", "The client whose endpoint is checked.", required=True),
    )
    store = "required"

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        faults: dict[str, list[str]] = {}
        if not _checks(job.settings):
            faults["section"] = [
                "The section field must be a requirement, such as XAPI-00113, or a section of the specification, "
                "such as Data 2.4.1 or 4.1.6.1."
            ]
        reason = _unfit(lrs.access_store.read(job.client).client, job.store)
        if reason:
            faults["client"] = [f"The client field must be the slug of a client that {reason}."]
        return faults

    def kept(self, lrs: JobServices, job: JobRecord, root: str) -> Json:
        from chalicelib.lrs.access.addresses import endpoints

        return {**job.settings, "endpoint": endpoints(root, job.client, job.store)["xapi_endpoint"]}

    def total(self, work: Work) -> int:
        return len(_checks(work.settings))

    def plan(self, work: Work, position: Json | None) -> Plan:
        at, page = (0, 0) if position is None else (int(str(position["at"])), int(str(position["page"])))
        checks = _checks(work.settings)[at : at + PER_PAGE]
        following = {"at": at + len(checks), "page": page + 1}
        if checks:
            return Plan({"items": checks, "page": page}, following)
        # Fixed when the checks are over: so what others write from then on holds nothing up.
        until = _now(work) if position is None or "until" not in position else int(str(position["until"]))
        left = _leavings(work).page(until)
        items = {"items": list(left.items), "cleaning": True} if left.items else {}
        return Plan(items, {**following, "until": until}, last=left.clean)

    def apply(self, work: Work, items: Json) -> Done:
        if "cleaning" in items:
            _leavings(work).remove(items_of(items))
            return Done()
        try:
            return _checked(work, items)
        except RunFailed:
            _clean(work)  # nobody else would
            raise

    def finish(self, work: Work) -> Json:
        job = work.lrs.job_store.get(self.name, work.job.id)
        if job is not None and job.progress.failed:
            raise RunFailed(_FAILED.format(job.progress.failed, job.progress.seen))
        return {"endpoint": str(work.settings["endpoint"]), "versions": list(VERSIONS)}


def _checks(settings: Json) -> list[Json]:
    """The checks of a job, of both versions; none: its section means nothing."""
    from chalicelib.lrs.conformance import UnknownSection, plan

    section = settings.get("section")
    found: list[Json] = []
    for version in VERSIONS:
        with suppress(UnknownSection):
            ids = plan(version, None if section is None else str(section))
            found += ({"version": version, "check": each} for each in ids)
    return found


def _unfit(client: ClientRecord | None, store: str) -> str:
    """What a client must be or have that this one is not or has not; empty: it will do."""
    from chalicelib.lrs.access.permissions import GRANTS, allows

    if client is None or client.store != store:
        return f"belongs to the store {store}"
    if client.guard != "basic-http":
        return "has the guard basic-http: the others let nobody in but the bearers of tokens"
    if not all(allows(client.permissions, right) for right in GRANTS["xapi/all"]):
        return "has the permission xapi/all: without it, checks are refused"
    return ""


def _checked(work: Work, items: Json) -> Done:
    checks, failed = items_of(items), []
    with _way(work) as transport:
        _see_that_it_answers(transport)
        for place, each in enumerate(checks):
            version, check = V1 if each["version"] == V1 else V2, str(each["check"])
            outcome = _outcome(work, transport, version, check)
            _report(work, int(str(items["page"])), place, version, outcome)
            if not outcome.passed:
                failed.append(f"{check} ({version}): {outcome.reason}")
    return Done(done=len(checks) - len(failed), failed=len(failed), notes=failed)


def _leavings(work: Work) -> Leavings:
    from chalicelib.lrs.testsuite.leavings import Leavings

    return Leavings(work.lrs, work.store, [_mark(work, version) for version in VERSIONS])


def _clean(work: Work) -> None:
    """Takes away what a run left that ends before its time."""
    leavings, until = _leavings(work), _now(work)
    for _ in range(MOST_CLEANINGS):
        page = leavings.page(until)
        if page.clean:
            return
        leavings.remove(page.items)


@contextmanager
def _way(work: Work) -> Iterator[Transport]:
    """The way to the endpoint, with a credential of the client for as long as it is used."""
    from chalicelib.lrs.testsuite.transport import EndpointTransport

    client = work.lrs.access_store.read(work.job.client).client
    reason = _unfit(client, work.store)
    if client is None or reason:
        raise RunFailed(
            f"The client {work.job.client} cannot be checked any more: it must be one that {reason}."
        )
    token = work.lrs.run_tokens.give(client, CREDENTIAL_SECONDS)
    try:
        yield EndpointTransport(
            str(work.settings["endpoint"]),
            token.authorization,
            work.lrs.own_endpoint,
            PAGE_SECONDS,
            work.lrs.clock.now,
        )
    finally:
        with suppress(Unavailable):  # it is over soon
            work.lrs.run_tokens.revoke(client, token)


def _see_that_it_answers(transport: Transport) -> None:
    """Raises `Unavailable` where the endpoint does not answer, and `RunFailed` where the run is not let in."""
    from chalicelib.lrs.conformance import NoAnswer

    try:
        answer = transport.request(
            "GET", "/statements", {"limit": "1"}, {"X-Experience-API-Version": V2}, None
        )
    except NoAnswer as error:
        raise Unavailable(PART, "no answer") from error
    if answer.status >= 500:
        raise Unavailable(PART, f"status {answer.status}")
    if answer.status in (401, 403, 404):
        raise RunFailed(
            f"The endpoint {transport.endpoint} answered the run with status {answer.status}: the address under which "
            "the job was made does not lead to this store any more. Make the job again."
        )


def _outcome(work: Work, transport: Transport, version: XapiVersion, check: str) -> Outcome:
    from chalicelib.lrs.conformance import run_check

    return run_check(check, transport, version, _mark(work, version), ATTEMPTS, work.lrs.clock.sleep)


def _mark(work: Work, version: XapiVersion) -> str:
    """What the ids of a version's checks are derived from: what one version stored is not in the way of the other."""
    return f"{work.run}-{version}"


def _now(work: Work) -> int:
    return microseconds(work.lrs.clock.now())


def _report(work: Work, page: int, place: int, version: str, outcome: Outcome) -> None:
    """A line of the job's log for a check; told again, it stands once, between those of the pages around it."""
    from chalicelib.jobs.telling import line_id
    from chalicelib.ports.jobs import JobEvent

    verdict = "passed." if outcome.passed else f"failed: {outcome.reason}"
    text = f"{outcome.check}, xAPI {version}, {outcome.section}: {outcome.title.rstrip('.')}. {verdict}"
    name = line_id(work.started_at, work.run, page, f"0-{place:03d}")
    work.lrs.job_store.add_event(
        work.job, JobEvent(name, "progress", _now(work), outcome.passed, text[:LONGEST_LINE])
    )


JOB = Testsuite()
