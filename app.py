"""Lightrail's functions: the HTTP API and one per trigger. Each loads only what it needs."""

from typing import Any

from chalicelib.bootstrap import Services
from chalicelib.call_log import logged_call
from chalicelib.web.gateway import HttpApi

services = Services()
app = HttpApi("lightrail", services)


@app.lambda_function(name="intake")
def intake(event: dict[str, Any], context: Any) -> Any:
    """Files dropped in the bucket (queue `delta-notices`)."""
    from chalicelib.workers import intake as worker

    return logged_call("intake", worker.handle, event, context, services)


@app.lambda_function(name="file_worker")
def file_worker(event: dict[str, Any], context: Any) -> Any:
    """Delta files to be fetched, indexed and sent (queue `delta-file.fifo`)."""
    from chalicelib.workers import file_worker as worker

    return logged_call("file_worker", worker.handle, event, context, services)


@app.lambda_function(name="apply")
def apply(event: dict[str, Any], context: Any) -> Any:
    """Entries to be applied to their articles (queue `delta-article.fifo`)."""
    from chalicelib.workers import apply as worker

    return logged_call("apply", worker.handle, event, context, services)


@app.lambda_function(name="maintenance")
def maintenance(event: dict[str, Any], context: Any) -> Any:
    """Long work on the ledger (queue `maintenance`)."""
    from chalicelib.workers import maintenance as worker

    return logged_call("maintenance", worker.handle, event, context, services)


@app.lambda_function(name="dead_letters")
def dead_letters(event: dict[str, Any], context: Any) -> Any:
    """What the queues gave up (all dead-letter queues)."""
    from chalicelib.workers import dead_letters as worker

    return logged_call("dead_letters", worker.handle, event, context, services)


@app.lambda_function(name="sweep")
def sweep(event: dict[str, Any], context: Any) -> Any:
    """Once a minute: what lost its wake-up goes on, and counts are compared with states."""
    from chalicelib.workers import sweep as worker

    return logged_call("sweep", worker.handle, event, context, services)


@app.lambda_function(name="record_sweep")
def record_sweep(event: dict[str, Any], context: Any) -> Any:
    """Once a minute: batches of statements past their lease are undone or finished."""
    from chalicelib.workers import record_sweep as worker

    return logged_call("record_sweep", worker.handle, event, context, services)


@app.lambda_function(name="job_tick")
def job_tick(event: dict[str, Any], context: Any) -> Any:
    """Once a minute: jobs of the record store that are due are started."""
    from chalicelib.workers import job_tick as worker

    return logged_call("job_tick", worker.handle, event, context, services)


@app.lambda_function(name="job_worker")
def job_worker(event: dict[str, Any], context: Any) -> Any:
    """Runs of jobs to be worked on (queue `record-jobs`)."""
    from chalicelib.workers import job_worker as worker

    return logged_call("job_worker", worker.handle, event, context, services)
