"""Where delta files are as a resource, and what the documentation of these calls says."""

from collections.abc import Mapping

from chalicelib.web import delta_files, examples, schemas
from chalicelib.web.call import Audience, Parameter, Route, Success
from chalicelib.web.paging import MOST_PER_PAGE, PER_PAGE

_ID = Parameter(
    "deltaFileId",
    "path",
    {"type": "string", "pattern": "^[0-9]{1,12}$"},
    "The id of the file: its number in the order of acceptance.",
    "17",
)
_LIST = (
    Parameter("state", "query", {"enum": list(delta_files.STATES)}, "Only files in this state."),
    Parameter("cursor", "query", schemas.TEXT, "Where to go on, as an answer with the same `state` gave it."),
    Parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": PER_PAGE},
        "Items of an answer, at most.",
    ),
)
_TIME: schemas.Schema = {"type": "string", "format": "date-time"}
_COUNT: schemas.Schema = {"type": "integer", "minimum": 0}
_COUNTED = ("queued", "succeeded", "failed", "blocked", "cleared", "flushed")
_FILE: Mapping[str, schemas.Schema] = {
    "id": {"description": "Its number in the order of acceptance.", "type": "string"},
    "name": {"description": "As submitted: a URL, an object of the bucket, a name.", "type": "string"},
    "state": {"enum": list(delta_files.STATES)},
    "strict": {"description": "Whether one faulty entry refuses the whole file.", "type": "boolean"},
    "entries": {
        "description": "How many there are; null until the file is read.",
        "type": ["integer", "null"],
    },
    "counts": {
        "description": "Entries by state; once `entries` is known they add up to it.",
        "type": "object",
        "properties": dict.fromkeys(_COUNTED, _COUNT),
        "required": list(_COUNTED),
        "additionalProperties": False,
    },
    "accepted_at": _TIME,
    "started_at": {"description": "When its worker began with it.", **schemas.nullable(_TIME)},
    "sent_at": {"description": "When all its entries were in the queue.", **schemas.nullable(_TIME)},
    "finished_at": {
        "description": "When each entry had its outcome; noticed within a minute.",
        **schemas.nullable(_TIME),
    },
}
_ERROR: schemas.Schema = {
    "type": "object",
    "properties": {
        "job": {"description": "`<file>` or `<file>-<position>`; a retry takes it.", "type": "string"},
        "article": {"type": ["string", "null"]},
        "errors": schemas.list_of(schemas.TEXT),
        "cause": {"description": "One word for why it failed.", "type": "string"},
    },
    "required": ["job", "article", "errors", "cause"],
    "additionalProperties": False,
}

COMPONENTS: Mapping[str, schemas.Schema] = {
    "DeltaFile": {
        "description": "A delta file and what became of its entries.",
        "type": "object",
        "properties": _FILE,
        "required": list(_FILE),
        "additionalProperties": False,
    },
    "DeltaFileWithErrors": {
        "description": "A delta file, and why the first of its entries failed, or the file as a whole.",
        "type": "object",
        "properties": {**_FILE, "errors": schemas.list_of(_ERROR)},
        "required": [*_FILE, "errors"],
        "additionalProperties": False,
    },
}

_LISTED = {name: value for name, value in examples.DELTA_FILE.items() if name != "errors"}


def _one(message: str, description: str, example: Mapping[str, object]) -> Success:
    schema = schemas.enveloped({"const": message}, schemas.ref("DeltaFileWithErrors"))
    return Success(200, schema, examples.success(message, example), description)


ROUTES = (
    Route(
        "GET",
        "/v1/delta-files",
        "findDeltaFiles",
        "Delta file",
        Audience.USER,
        "List Delta Files",
        delta_files.find,
        Success(
            200,
            schemas.enveloped(
                {"const": "Delta files found"},
                schemas.list_of(schemas.ref("DeltaFile")),
                cursor=schemas.nullable(schemas.TEXT),
            ),
            examples.success("Delta files found", [_LISTED]) | {"cursor": None},
            "A part of the files, and the cursor of the next; null: there is none.",
        ),
        "Delta files, the one accepted last first. A part may hold fewer files than `limit`, or none: only `cursor` "
        "tells whether there are more. Files that were forgotten (`jobs/clearsuccessful`) are left out.",
        parameters=_LIST,
        refusals=(422,),
    ),
    Route(
        "GET",
        "/v1/delta-files/{deltaFileId}",
        "findDeltaFile",
        "Delta file",
        Audience.USER,
        "Find Delta File",
        delta_files.show,
        _one("Delta file found", "The file.", examples.DELTA_FILE),
        "A delta file: its state, its entries by state, its times, and why the first of them failed.",
        parameters=(_ID,),
        refusals=(404, 422),
    ),
    Route(
        "DELETE",
        "/v1/delta-files/{deltaFileId}",
        "cancelDeltaFile",
        "Delta file",
        Audience.USER,
        "Cancel Delta File",
        delta_files.cancel,
        _one(
            "Delta file cancelled",
            "The file as it is now.",
            {
                **examples.DELTA_FILE,
                "state": "cleared",
                "counts": {**dict.fromkeys(_COUNTED, 0), "succeeded": 1, "cleared": 2},
                "errors": [],
            },
        ),
        "Drops what waits of a file: at once nothing of it is listed as waiting. What a worker holds at this moment "
        "may still finish; what failed or is blocked stays, and other files go on. A file that was cancelled may be "
        "cancelled again; one of which nothing waits and nothing was cleared is refused with 409.",
        parameters=(_ID,),
        refusals=(404, 409, 422),
    ),
)
