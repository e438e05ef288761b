"""Where delta files are as a resource, and what the documentation of these calls says."""

from collections.abc import Mapping

from chalicelib.web import cursors, delta_file_schemas, delta_files, examples, reading, schemas
from chalicelib.web.call import Audience, Body, Handler, Parameter, Route, Success
from chalicelib.web.delta_submission import NAME_BYTES

_ID = Parameter(
    "deltaFileId",
    "path",
    {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"},
    "The id of the file: its number in the order of acceptance; or the id of its upload.",
    "17",
)
_LIST = (
    Parameter("state", "query", {"enum": list(delta_files.STATES)}, "Only files in this state."),
    *cursors.PARAMETERS,
)
_LISTED = {name: value for name, value in examples.DELTA_FILE.items() if name != "errors"}


def _one(message: str, description: str, example: Mapping[str, object]) -> Success:
    schema = schemas.enveloped({"const": message}, schemas.ref("DeltaFileWithErrors"))
    return Success(200, schema, examples.success(message, example), description)


def _extract(
    what: str, name: str, summary: str, handler: Handler, media_type: str, description: str
) -> Route:
    link = {
        "url": f"https://bucket.s3.eu-west-1.amazonaws.com/extracts/17/93-0/{what}?X-Amz-Signature=…",
        "bytes": 73400320,
        "expires_at": "2026-11-22T06:16:35Z",
    }
    return Route(
        "GET",
        f"/v1/delta-files/{{deltaFileId}}/{what}",
        name,
        "Delta file",
        Audience.USER,
        summary,
        handler,
        Success(
            303,
            schemas.enveloped({"const": "The file is ready"}, delta_file_schemas.LINK),
            examples.success("The file is ready", link),
            "It is large, and lies behind the link, which needs no token.",
            {"Location": "The link."},
        ),
        f"{description} Of a large file it is made in the background, once no entry waits: ask again until there is a "
        "link.",
        parameters=(_ID,),
        refusals=(404, 409, 422),
        further=(
            Success(200, {}, {}, "The whole of it.", bytes_of=(media_type,)),
            Success(
                202,
                schemas.enveloped(
                    {"const": "The file is being made, ask again in a moment"}, {"type": "null"}
                ),
                examples.success("The file is being made, ask again in a moment", None),
                "It is being made.",
                {"Retry-After": "Seconds to wait."},
            ),
        ),
    )


_NAME: schemas.Schema = {"type": "string", "minLength": 1, "maxLength": NAME_BYTES}
_STRICT = "Refuse the file as a whole where one of its entries has a fault."
_FRESH = {
    **examples.DELTA_FILE,
    "state": "queued",
    "entries": None,
    "counts": dict.fromkeys(delta_files.COUNTED, 0),
    "errors": [],
    **dict.fromkeys(("started_at", "sent_at", "finished_at")),
}
_UPLOAD = {
    "id": "8c1f0a5be2d94471",
    "name": "catalogue.ndjson.gz",
    "strict": False,
    "method": "PUT",
    "url": "https://bucket.s3.eu-west-1.amazonaws.com/uploads/8c1f0a5be2d94471?X-Amz-Signature=…",
    "headers": {"Content-Length": "73400320"},
    "expires_at": "2026-11-22T06:16:35Z",
}

ROUTES = (
    Route(
        "POST",
        "/v1/delta-files",
        "submitDeltaFile",
        "Delta file",
        Audience.USER,
        "Submit Delta File",
        delta_files.submit,
        Success(
            202,
            schemas.enveloped({"const": "Delta file accepted"}, schemas.ref("DeltaFileWithErrors")),
            examples.success("Delta file accepted", _FRESH),
            "The file is on record and will be worked on in its turn.",
            {"Location": "The address of the file."},
        ),
        "Accepts the body as a delta file: a JSON array, lines of JSON objects, or gzip of either, which is told by "
        f"its bytes. At most {reading.BODY_BYTES} bytes; `POST /v1/delta-files/uploads` takes larger ones.",
        Body(
            schemas.list_of(delta_file_schemas.ENTRY),
            [{"operation": "add-article", "articleData": {"F_1": "12411116", "C_75001": "CEILING"}}],
            bytes_of=("application/x-ndjson", "application/gzip"),
        ),
        parameters=(
            Parameter(
                "name",
                "query",
                _NAME,
                "What the file is called in lists; it gets a name where none is given.",
            ),
            Parameter("strict", "query", {"enum": ["true", "false"]}, _STRICT),
        ),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/delta-files/uploads",
        "allowDeltaUpload",
        "Delta file",
        Audience.USER,
        "Upload Delta File",
        delta_files.allow_upload,
        Success(
            201,
            schemas.enveloped({"const": "Upload allowed"}, schemas.ref("DeltaUpload")),
            examples.success("Upload allowed", _UPLOAD),
            "Where the file may be uploaded.",
            {"Location": "The address at which the file is found, before and after it came."},
        ),
        "Allows to upload one delta file of so many bytes: with a PUT to `url` that bears `headers`, begun before "
        "`expires_at`. It is accepted once it came, which takes some seconds; what is uploaded again is ignored.",
        Body(
            {
                "type": "object",
                "properties": {
                    "size": {"description": "Bytes of the file.", "type": "integer", "minimum": 1},
                    "name": {"description": "What the file is called in lists.", **schemas.nullable(_NAME)},
                    "strict": {"description": _STRICT, "enum": [True, False, "true", "false", None]},
                },
                "required": ["size"],
                "additionalProperties": False,
            },
            {"size": 73400320, "name": "catalogue.ndjson.gz"},
        ),
    ),
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
            "A page of the files, and the cursor of the next; null: there is none.",
        ),
        "Delta files, the one accepted last first. A page may hold fewer files than `limit`, or none: only `cursor` "
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
    _extract(
        "results",
        "findDeltaFileResults",
        "Delta File Results",
        delta_files.results,
        "application/x-ndjson",
        "One line of JSON for each entry, in its order: `id` of its job, `number` in the file from 1, `operation`, "
        "`article`, `state`, `errors`, `cause`, `blocked_by`, `warnings`.",
    ),
    _extract(
        "failed",
        "findFailedEntries",
        "Failed Entries",
        delta_files.failed,
        "application/json",
        "The entries that failed or are blocked, as they were submitted and in their order: a JSON array that is a "
        "delta file, and can be sent again as it is once the failures are flushed.",
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
                "counts": {**dict.fromkeys(delta_files.COUNTED, 0), "succeeded": 1, "cleared": 2},
                "errors": [],
            },
        ),
        "Drops what waits of a file: at once nothing of it is listed as waiting. What a worker holds at this moment "
        "may still finish; what failed or is blocked stays, and other files go on. A file that was cancelled may be "
        "cancelled again; one of which nothing waits and nothing was cleared is refused with 409. Of a file that did "
        "not come yet the upload is refused from then on.",
        parameters=(_ID,),
        refusals=(404, 409, 422),
    ),
)
