"""Where the job calls are and what their documentation says."""

from chalicelib.web import examples, jobs, schemas
from chalicelib.web.call import Audience, Body, Handler, Parameter, Route, Success
from chalicelib.web.paging import LAST_PAGE, MOST_PER_PAGE, PER_PAGE

_PAGE = (
    Parameter(
        "page",
        "query",
        {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1},
        "Which page, from 1.",
    ),
    Parameter(
        "per_page",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": PER_PAGE},
        "Items a page.",
    ),
)
_CUT = (
    " `pagination` stands beside `data` where `page` or `per_page` is given, or where the answer would be larger than "
    "4.5 MB and was cut."
)


def _read(path: str, name: str, summary: str, handler: Handler, success: Success, description: str) -> Route:
    return Route("GET", path, name, "Job", Audience.USER, summary, handler, success, description)


def _list(path: str, name: str, summary: str, handler: Handler, success: Success, description: str) -> Route:
    return Route(
        "GET",
        path,
        name,
        "Job",
        Audience.USER,
        summary,
        handler,
        success,
        description + _CUT,
        parameters=_PAGE,
        refusals=(422,),
    )


def _names(
    path: str, name: str, summary: str, handler: Handler, text: str, description: str, item: str
) -> Route:
    schema = schemas.enveloped(
        schemas.counted(text), schemas.list_of(schemas.TEXT), pagination=schemas.ref("Pagination")
    )
    example = examples.success(f"{text} (1)", [item])
    return _list(path, name, summary, handler, Success(200, schema, example, description), description)


def _command(path: str, name: str, summary: str, handler: Handler, message: str, description: str) -> Route:
    schema = schemas.enveloped({"const": message}, {"type": "null"})
    success = Success(200, schema, examples.success(message, None))
    return Route(
        "GET",
        path,
        name,
        "Job",
        Audience.USER,
        summary,
        handler,
        success,
        description,
        refusals=(409,),
        mutates=True,
    )


def _jobs(message: str, description: str, paged: bool) -> Success:
    beside = {"pagination": schemas.ref("Pagination")} if paged else {}
    schema = schemas.enveloped({"const": message}, schemas.list_of(schemas.ref("Job")), **beside)
    example = examples.success(message, [{"payload": examples.FILE_PAYLOAD}])
    return Success(200, schema, example, description)


def _failures(found: str, none: str, data: str, description: str) -> Success:
    schema = schemas.enveloped({"enum": [found, none]}, schemas.nullable(schemas.ref(data)))
    job = examples.FAILED_JOB
    paging = {"page": 1, "per_page": PER_PAGE, "count": 1, "total": 1, "left": 0, "next": None}
    example = job if data == "FailedJob" else {**job, "jobs": [job], "pagination": paging}
    return Success(200, schema, examples.success(found, example), description)


ROUTES = (
    _read(
        "/v1/jobs/job",
        "firstJob",
        "Job",
        jobs.first_waiting,
        _jobs("Jobs found [job]", "A list of at most one job.", paged=False),
        "The first of the waiting and running jobs.",
    ),
    _list(
        "/v1/jobs/jobs",
        "listJobs",
        "Jobs",
        jobs.waiting,
        _jobs("Jobs found [jobs]", "The jobs.", paged=True),
        "Waiting and running jobs, the oldest first: by acceptance of their file and their place in it.",
    ),
    _names(
        "/v1/jobs/files",
        "listFiles",
        "Files",
        jobs.waiting_files,
        "files found",
        "Files with waiting or running jobs.",
        examples.URL,
    ),
    _read(
        "/v1/jobs/failedjob",
        "firstFailedJob",
        "Failed Job",
        jobs.first_failure,
        _failures(
            "Failed job found",
            "No failed job found",
            "FailedJob",
            "The first failure; null where there is none.",
        ),
        "The first failed job; never one that is only blocked behind another.",
    ),
    _list(
        "/v1/jobs/failedjobs",
        "listFailedJobs",
        "Failed Jobs",
        jobs.failures,
        _failures(
            "Failed jobs found",
            "No failed jobs found",
            "FailedJobs",
            "The failures; null where there are none.",
        ),
        "The first failed job as documented and, in `jobs`, a page of all of them.",
    ),
    _names(
        "/v1/jobs/failedarticles",
        "listFailedArticles",
        "Failed Articles",
        jobs.failed_articles,
        "Failed articles found",
        "Articles with failed or blocked jobs, the first failure first.",
        "12411112",
    ),
    _names(
        "/v1/jobs/failedfiles",
        "listFailedFiles",
        "Failed Files",
        jobs.failed_files,
        "Failed files found",
        "Files with failed or blocked jobs, the first failure first.",
        examples.URL,
    ),
    _names(
        "/v1/jobs/successfulfiles",
        "listSuccessfulFiles",
        "Successful Files",
        jobs.successful_files,
        "successful files found",
        "Files whose every entry succeeded.",
        examples.URL,
    ),
    _command(
        "/v1/jobs/clear",
        "clearJobs",
        "Clear Jobs",
        jobs.clear,
        "Clear of jobs queue successful",
        "Drops all waiting work. What a worker holds at this moment may still finish; what is sent later is untouched.",
    ),
    _command(
        "/v1/jobs/clearsuccessful",
        "clearSuccessfulJobs",
        "Clear Successful Jobs",
        jobs.clear_successful,
        "Clear of finished jobs successful",
        "Forgets the jobs and files that succeeded.",
    ),
    _command(
        "/v1/jobs/flush",
        "flushFailedJobs",
        "Flush Failed Jobs",
        jobs.flush,
        "Flush of failed jobs queue successful",
        "Forgets failed and blocked jobs, and lets the articles behind them go on. Nothing is run again.",
    ),
    Route(
        "POST",
        "/v1/jobs/retry",
        "retryFailedJobs",
        "Job",
        Audience.USER,
        "Retry Failed Jobs",
        jobs.retry,
        Success(
            202,
            schemas.enveloped({"const": "Retry of failed jobs accepted"}, schemas.ref("RetryTicket")),
            examples.success("Retry of failed jobs accepted", {"ticket": 17}),
            "The retry is on record and runs by itself.",
        ),
        "Runs every failed and blocked job of the selected articles again, the oldest first, before newer files. "
        "`ids`, `file` and `article` only select articles; without any of them all are retried.",
        Body(schemas.RETRY_BODY, {"article": "12411112"}, required=False),
        refusals=(404, 409),
    ),
)
