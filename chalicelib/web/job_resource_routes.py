"""Where jobs are found as a resource, and what the documentation of these calls says."""

from collections.abc import Mapping

from chalicelib.web import cursors, examples, job_resource, schemas
from chalicelib.web.call import Audience, Parameter, Route, Success

_FILTERS = (
    Parameter("state", "query", {"enum": list(job_resource.STATES)}, "Only jobs in this state."),
    Parameter("file", "query", schemas.TEXT, "Only jobs of this file: its id, or its name as submitted."),
    Parameter(
        "article",
        "query",
        schemas.NUMBER_IN_PATH,
        "Only jobs of this article: what holds it back and what is held back; with `file`, all in that file.",
    ),
    *cursors.PARAMETERS,
)
_ID = Parameter(
    "jobId",
    "path",
    {"type": "string", "pattern": "^[0-9]{1,12}(-[0-9]{1,9})?$"},
    "`<file>` for the job of a file, `<file>-<position>` for that of an entry, counted from 0.",
    "17-3",
)
_STATE = Parameter(
    "state",
    "query",
    {"enum": list(job_resource.DROPPED)},
    "`queued`: all that waits. `failed` and `blocked`: both. `succeeded`: what succeeded.",
)
_TIME: schemas.Schema = {"type": "string", "format": "date-time"}
_JOB: Mapping[str, schemas.Schema] = {
    "id": {"description": "`<file>`, or `<file>-<position>`; a retry takes it.", "type": "string"},
    "queue": {"enum": ["delta-file", "delta-article"]},
    "state": {"enum": list(job_resource.STATES)},
    "file_id": schemas.TEXT,
    "file": {"description": "The name of the file, as submitted.", "type": "string"},
    "position": {"description": "Of an entry in its file, from 0.", "type": ["integer", "null"]},
    "operation": {"description": "Of an entry, as submitted.", "type": ["string", "null"]},
    "article": {"description": "The number of an entry's article.", "type": ["string", "null"]},
    "errors": schemas.list_of(schemas.TEXT),
    "cause": {"description": "One word for why it failed.", "type": ["string", "null"]},
    "blocked_by": {"description": "The id of the failure that it stands behind.", "type": ["string", "null"]},
    "accepted_at": schemas.nullable(_TIME),
    "started_at": {"description": "Of a file's job.", **schemas.nullable(_TIME)},
    "finished_at": {"description": "Of a file's job.", **schemas.nullable(_TIME)},
}

COMPONENTS: Mapping[str, schemas.Schema] = {
    "JobState": {
        "description": "A job of a file or of an entry, and what became of it.",
        "type": "object",
        "properties": _JOB,
        "required": list(_JOB),
        "additionalProperties": False,
    },
    "JobWithPayload": {
        "description": "A job, and what it was made of.",
        "type": "object",
        "properties": {**_JOB, "payload": schemas.ref("Payload")},
        "required": [*_JOB, "payload"],
        "additionalProperties": False,
    },
    "DroppedJobs": {
        "description": "The states whose jobs were dropped.",
        "type": "object",
        "properties": {"states": schemas.list_of(schemas.TEXT), "done": {"type": "boolean"}},
        "required": ["states", "done"],
        "additionalProperties": False,
    },
}

_DROPPED = {"states": ["failed", "blocked"], "done": True}

ROUTES = (
    Route(
        "GET",
        "/v1/jobs",
        "findJobs",
        "Job",
        Audience.USER,
        "Find Jobs",
        job_resource.find,
        Success(
            200,
            schemas.enveloped(
                {"const": "Jobs found"},
                schemas.list_of(schemas.ref("JobState")),
                cursor=schemas.nullable(schemas.TEXT),
            ),
            examples.success("Jobs found", [examples.JOB]) | {"cursor": None},
            "A page of the jobs, and the cursor of the next; null: there is none.",
        ),
        "Jobs of files and entries, the oldest first; what is blocked stands in the order of the failures before it. A "
        "page may hold fewer jobs than `limit`, or none: only `cursor` tells whether there are more. What is there "
        "from beginning to end of the listing is listed once, whatever else moves.",
        parameters=_FILTERS,
        refusals=(422,),
    ),
    Route(
        "GET",
        "/v1/jobs/{jobId}",
        "findJob",
        "Job",
        Audience.USER,
        "Find Job",
        job_resource.show,
        Success(
            200,
            schemas.enveloped({"const": "Job found"}, schemas.ref("JobWithPayload")),
            examples.success("Job found", {**examples.JOB, "payload": examples.FAILED_JOB["payload"]}),
            "The job, with its payload.",
        ),
        "Reads a job by its id.",
        parameters=(_ID,),
        refusals=(404, 422),
    ),
    Route(
        "DELETE",
        "/v1/jobs",
        "dropJobs",
        "Job",
        Audience.USER,
        "Drop Jobs",
        job_resource.drop,
        Success(
            200,
            schemas.enveloped(
                {"enum": list(dict.fromkeys(message for message, _ in job_resource.DROPPED.values()))},
                schemas.ref("DroppedJobs"),
            ),
            examples.success("Flush of failed jobs queue successful", _DROPPED),
            "What was dropped. `done` is false where the rest goes on in the background.",
        ),
        "Drops all jobs of a state, by the command that does so: `jobs/clear`, `jobs/flush`, `jobs/clearsuccessful`.",
        parameters=(_STATE,),
        refusals=(409, 422),
    ),
)
