"""Jobs, as the OpenAPI document describes them."""

from __future__ import annotations

from chalicelib.lrs.jobs.machine.job_type import SERVICES
from chalicelib.lrs.jobs.machine.parameters import OF_THE_CALENDAR, REPEATS
from chalicelib.web.lrs.documentation.components import answer, loose, page, shape, whole
from chalicelib.web.lrs.documentation.form import NOTHING, Answered, Described, Json, json_content
from chalicelib.web.lrs.documentation.parameters import FLAG, TEXT, TIME
from chalicelib.web.schemas import list_of, nullable, ref

TAG = "Jobs"
_SLUG: Json = {"type": "string", "minLength": 1}
_SCHEDULE: dict[str, Json] = {
    "date": TEXT,
    "time": TEXT,
    **{
        name: {"type": "integer", "minimum": low, "maximum": high}
        for name, (low, high) in OF_THE_CALENDAR.items()
    },
    "timezone": TEXT,
}
_COUNT: Json = {"type": "integer", "minimum": 0}
_OPEN: Json = {"type": "object"}
COMPONENTS: dict[str, Json] = {
    "NewRecordJob": {
        "description": "The schedule, and beside it the parameters of the type (docs/jobs.md has a table of them).",
        **loose(
            ("repeat",),
            repeat={"enum": list(REPEATS)},
            replay={"description": "Run as soon as possible.", **nullable(FLAG)},
            **{name: nullable(each) for name, each in _SCHEDULE.items()},
            store={"description": "The slug of a store.", **nullable(_SLUG)},
            service={"description": "What is worked on.", "enum": ["all", *SERVICES, None]},
            dry_run={"description": "Of types that destroy: change nothing.", **nullable(FLAG)},
        ),
    },
    "RecordJob": whole(
        id=TEXT,
        type=TEXT,
        name=TEXT,
        store=nullable(TEXT),
        service=nullable(TEXT),
        client=nullable(TEXT),
        connection=nullable(TEXT),
        settings={"description": "The parameters of the type.", **_OPEN},
        replay=FLAG,
        repeat={"enum": list(REPEATS)},
        **{name: nullable(each) for name, each in _SCHEDULE.items()},
        running=FLAG,
        stopped={"description": "A run stands still, and can be resumed.", **FLAG},
        ran=FLAG,
        success={"description": "Of the last run; null: there is no outcome.", **nullable(FLAG)},
        started_at=nullable(TIME),
        completed_at=nullable(TIME),
        next_run_at=nullable(TIME),
        progress=whole(total=_COUNT, done=_COUNT, skipped=_COUNT, failed=_COUNT),
        feedback=TEXT,
        evidence={"description": "What the last run leaves as proof, without personal data.", **_OPEN},
        created_by=TEXT,
    ),
    "RecordJobEvent": shape(
        ("event", "success", "feedback", "created_at"),
        event={"enum": ["started", "progress", "passed", "failed", "cancelled"]},
        success=nullable(FLAG),
        feedback=TEXT,
        created_at=TIME,
    ),
}
JOB: Json = {
    "id": "060a24181e40000000d1f2",
    "type": "clearing",
    "name": "clearing main statements",
    "store": "main",
    "service": "statements",
    "client": None,
    "connection": None,
    "settings": {"until": "1_year", "until_date": None, "dry_run": True},
    "replay": False,
    "repeat": "weeklyOn",
    "date": None,
    "time": "03:30",
    "minute": None,
    "week_day": 7,
    "month_day": None,
    "month": None,
    "timezone": "Europe/Paris",
    "running": False,
    "stopped": False,
    "ran": True,
    "success": True,
    "started_at": "2026-11-22T02:30:12.000000Z",
    "completed_at": "2026-11-22T02:30:40.000000Z",
    "next_run_at": "2026-11-29T02:30:00.000000Z",
    "progress": {"total": 5000, "done": 0, "skipped": 5000, "failed": 0},
    "feedback": "",
    "evidence": {},
    "created_by": "lms",
}
_SENT: Json = {
    "repeat": "weeklyOn",
    "time": "03:30",
    "week_day": 7,
    "timezone": "Europe/Paris",
    "store": "main",
    "service": "statements",
    "until": "1_year",
    "dry_run": True,
}
_EVENT: Json = {
    "event": "passed",
    "success": True,
    "feedback": "0 done, 5000 skipped, 0 failed.",
    "created_at": "2026-11-22T02:30:40.000000Z",
}
_BODY = json_content(ref("NewRecordJob"), _SENT)
_ONE = json_content(answer(ref("RecordJob")), {"data": JOB})


def _path(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _filter(name: str, description: str) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": TEXT}


_TYPE = {"type": _path("type", "The type of job.", {"type": "string", "pattern": "^[a-z0-9-]+$"})}
_PATH = {**_TYPE, "id": _path("id", "The id of a job.", {"type": "string"})}
_FILTERS = {
    "store": _filter("store", "Jobs of the store with this slug alone."),
    "service": _filter("service", "Jobs of this service alone."),
    "filters[store]": _filter("filters[store]", "The same as `store`."),
    "filters[service]": _filter("filters[service]", "The same as `service`."),
}

DESCRIBED: dict[str, Described] = {
    "jobsCreate": Described(
        TAG,
        "Make jobs",
        "Makes a job. Without `store`, types that work store by store get one job per store that is ready; with "
        "`service: all` there is one job per service. Then `data` is a list. All are made or none.",
        {
            201: Answered(
                "The job, or the jobs.",
                json_content(answer({"anyOf": [ref("RecordJob"), list_of(ref("RecordJob"))]}), {"data": JOB}),
            )
        },
        _BODY,
        (409, 415),
        path=_TYPE,
    ),
    "jobsList": Described(
        TAG,
        "List jobs",
        "Jobs of a type in the order in which they were made. A page may hold fewer than `limit`; only `cursor` tells "
        "whether there are more.",
        {
            200: Answered(
                "A page of jobs.", json_content(page(ref("RecordJob")), {"data": [JOB], "cursor": None})
            )
        },
        query=_FILTERS,
        path=_TYPE,
    ),
    "jobsDeleteAll": Described(
        TAG,
        "Delete all jobs of a type",
        "Runs of them end at their next page.",
        {204: NOTHING},
        refusals=(409,),
        path=_TYPE,
    ),
    "jobsShow": Described(
        TAG, "Show a job", "A job with its progress.", {200: Answered("The job.", _ONE)}, path=_PATH
    ),
    "jobsChange": Described(
        TAG,
        "Change a job",
        "Takes what making one takes, all of it; without `store` the job keeps its store. A job that runs is not "
        "changed (409); a run that was stopped is given up.",
        {200: Answered("The job as it is now.", _ONE)},
        _BODY,
        (409, 415),
        path=_PATH,
    ),
    "jobsDelete": Described(
        TAG,
        "Delete a job",
        "A run of it ends at its next page; its outcome stands in the general log.",
        {204: NOTHING},
        refusals=(409,),
        path=_PATH,
    ),
    "jobsLogs": Described(
        TAG,
        "Show the log of a job",
        "What happened in its runs, newest last.",
        {
            200: Answered(
                "A page of lines.",
                json_content(page(ref("RecordJobEvent")), {"data": [_EVENT], "cursor": None}),
            )
        },
        path=_PATH,
    ),
    "jobsStop": Described(
        TAG,
        "Stop a run",
        "It ends at its next page, and can go on from there; one that waits to go on by itself does not.",
        {200: Answered("The job.", _ONE)},
        refusals=(409,),
        path=_PATH,
    ),
    "jobsResume": Described(
        TAG,
        "Resume a run",
        "A run that was stopped goes on from where it was.",
        {200: Answered("The job.", _ONE)},
        refusals=(409,),
        path=_PATH,
    ),
}
