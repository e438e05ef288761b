"""The moves of a job: each takes a record and gives the next. Who may make which, docs/jobs.md says as a table."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.ports.jobs import JobRecord, Progress, Run, RunState

# A page takes seconds. A worker renews its lease with each; the tick wakes another after that.
LEASE = 120 * 1_000_000
PAUSE = 300 * 1_000_000  # until a run goes on that waits for a part which does not answer
MOST_PAUSES = 12
MOST_ATTEMPTS = 10
MOST_BEGINNINGS = 5
LONGEST_FEEDBACK = 2000
GIVEN_UP = "The run was stopped, and given up when the job was changed."


def started(job: JobRecord, run_id: str, now: int, next_run_at: int | None) -> JobRecord:
    """A new run begins; what was missed is part of it."""
    return replace(
        job,
        run=Run(run_id, RunState.RUNNING, now, now + LEASE),
        replay=False,
        next_run_at=next_run_at,
        due_at=now + LEASE,
        started_at=now,
        completed_at=None,
        success=None,
        progress=Progress(),
        feedback="",
    )


def taken(job: JobRecord, run: Run, worker: str, now: int) -> JobRecord:
    """A worker takes the run."""
    attempts = run.attempts + 1
    return _with(job, replace(run, worker=worker, lease_until=now + LEASE, attempts=attempts), now + LEASE)


def kept(job: JobRecord, run: Run, now: int) -> JobRecord:
    """A worker renews its lease in a page that takes long."""
    return _with(job, replace(run, lease_until=now + LEASE), now + LEASE)


def handed_over(job: JobRecord, run: Run, now: int) -> JobRecord:
    """A worker leaves the run to the next."""
    return _with(job, replace(run, worker="", lease_until=now + LEASE, attempts=0), now + LEASE)


def expecting(job: JobRecord, total: int) -> JobRecord:
    """It is known how many items the run will see."""
    return replace(job, progress=replace(job.progress, total=total))


def freed(job: JobRecord, run: Run, now: int) -> JobRecord:
    """The lease ran out: its worker is taken to be dead, and another may begin; the attempt stays counted."""
    return _with(job, replace(run, worker="", lease_until=now + LEASE), now + LEASE)


def begun_anew(job: JobRecord, run: Run, feedback: str, now: int) -> JobRecord:
    """The run begins again, with nothing counted: what its pages were made from is gone."""
    again = replace(run, position=None, plan=None, last=False, attempts=0, beginnings=run.beginnings + 1)
    return replace(
        _with(job, replace(again, lease_until=now + LEASE), now + LEASE),
        progress=Progress(),
        feedback=_noted("", [feedback]),
    )


def planned(job: JobRecord, run: Run, plan: Plan, now: int) -> JobRecord:
    """The first page of a run, or of one that goes on, is decided."""
    return _with(job, _next_page(run, plan, now), now + LEASE)


def counted(job: JobRecord, run: Run, done: Done, plan: Plan | None, now: int) -> JobRecord:
    """A page is done and counted, and the next (None: there is none, or it cannot be) is decided, in one step."""
    before = job.progress
    progress = Progress(
        total=before.total if done.total is None else done.total,
        done=before.done + done.done,
        skipped=before.skipped + done.skipped,
        failed=before.failed + done.failed,
    )
    moved = replace(
        run,
        pages=run.pages + 1,
        attempts=0,
        pauses=0,
        position=run.position if done.next is None else done.next,
    )
    last = run.last if done.last is None else done.last
    moved = _next_page(moved, plan, now) if plan else replace(moved, plan=None, last=last)
    return replace(
        _with(job, moved, now + LEASE),
        progress=replace(progress, total=max(progress.total, progress.seen)),
        feedback=_noted(job.feedback, done.notes),
    )


def stopping(job: JobRecord, run: Run) -> JobRecord:
    """Someone asks the run to stop at its next page."""
    return replace(job, run=replace(run, state=RunState.STOPPING))


def stopped(job: JobRecord, run: Run, feedback: str) -> JobRecord:
    """The run stands still; it goes on where it was when someone asks. The next slot begins a new one."""
    still = replace(run, state=RunState.STOPPED, worker="", pauses=0, attempts=0)
    return replace(job, run=still, due_at=job.next_run_at, feedback=_concluded(job.feedback, feedback))


def waiting(job: JobRecord, run: Run, feedback: str, now: int) -> JobRecord:
    """The run waits for a part that does not answer; slots that pass meanwhile are part of it."""
    still = replace(run, state=RunState.STOPPED, worker="", pauses=run.pauses + 1, attempts=0)
    return replace(job, run=still, due_at=now + PAUSE, feedback=_concluded(job.feedback, feedback))


def waits(run: Run) -> bool:
    """Whether a run stands still and goes on by itself."""
    return run.state is RunState.STOPPED and run.pauses > 0


def resumed(job: JobRecord, run: Run, now: int) -> JobRecord:
    """A run that was stopped goes on from its position; why it stood still is not said any more."""
    again = replace(run, state=RunState.RUNNING, worker="", lease_until=now + LEASE, attempts=0)
    return replace(_with(job, again, now + LEASE), feedback=job.feedback.partition("\n")[2])


def held(job: JobRecord) -> JobRecord:
    """A run that waits for a part stands still until someone resumes it, or the next slot."""
    run = job.run if job.run is None else replace(job.run, pauses=0)
    return replace(job, run=run, due_at=job.next_run_at)


def given_up(job: JobRecord, now: int) -> JobRecord:
    """A run that was stopped does not go on: the job was changed."""
    if job.run is None:
        return job
    progress = replace(job.progress, total=job.progress.seen)
    return replace(job, run=None, ran=True, completed_at=now, progress=progress, feedback=GIVEN_UP)


def is_going_on(job: JobRecord) -> bool:
    """Whether a run is being worked on, or waits for a worker."""
    return job.run is not None and job.run.state is not RunState.STOPPED


def ended(
    job: JobRecord,
    success: bool,
    feedback: str,
    now: int,
    evidence: Json | None = None,
    memory: Json | None = None,
    settings: Json | None = None,
) -> JobRecord:
    """The run is over, and the job waits for its next slot; None: memory and settings stay as they are."""
    progress = replace(job.progress, total=job.progress.seen)
    return replace(
        job,
        run=None,
        due_at=job.next_run_at,
        ran=True,
        success=success,
        completed_at=now,
        progress=progress,
        feedback=_concluded(job.feedback, feedback),
        evidence=evidence or {},
        memory=job.memory if memory is None else memory,
        settings=job.settings if settings is None else settings,
    )


def _next_page(run: Run, plan: Plan, now: int) -> Run:
    return replace(run, plan=plan.items, position=plan.next, last=plan.last, lease_until=now + LEASE)


def _with(job: JobRecord, run: Run, due_at: int) -> JobRecord:
    return replace(job, run=run, due_at=due_at)


def _concluded(feedback: str, conclusion: str) -> str:
    """The notes of the pages under one line that says how it ended, so that there is always room for that."""
    return _noted(" ".join(conclusion.split()), feedback.split("\n"))


def _noted(feedback: str, notes: Sequence[str]) -> str:
    """The feedback with further notes, each once, as far as there is room."""
    lines = feedback.split("\n") if feedback else []
    lines += [note for note in dict.fromkeys(notes) if note and note not in lines]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST_FEEDBACK else f"{text[:LONGEST_FEEDBACK]}…"
