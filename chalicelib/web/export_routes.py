"""Where exports are as a resource, and what the documentation of these calls says."""

from collections.abc import Mapping

from chalicelib.web import cursors, examples, exports, schemas
from chalicelib.web.call import Audience, Body, Parameter, Route, Success

_ID = Parameter(
    "exportId",
    "path",
    {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"},
    "The id of the export.",
    "060a24181e40003c7a2f41d09be1d2",
)
_DOWNLOAD = {
    "url": "https://bucket.s3.eu-west-1.amazonaws.com/exports/060a/articles-csv-20261130T030000Z.csv?X-Amz-Signature=…",
    "expires_at": "2026-11-30T08:12:09.000000Z",
}
_ORDERED: dict[str, object] = {
    "id": "060a24181e40003c7a2f41d09be1d2",
    "state": "running",
    "format": "csv",
    "mapping": "navision",
    "since": "last",
    "filter": {"C_75000": ["INDOOR"]},
    "repeat": "dailyAt",
    "date": None,
    "time": "03:00",
    "minute": None,
    "week_day": None,
    "month_day": None,
    "month": None,
    "timezone": "Europe/Brussels",
    "created_at": "2026-11-29T20:15:00.123456Z",
    "started_at": None,
    "completed_at": None,
    "next_run_at": "2026-11-30T02:00:00.000000Z",
    "success": None,
    "progress": {"total": 0, "done": 0, "skipped": 0, "failed": 0},
    "feedback": "",
    "result": None,
    "earlier_results": [],
}
_RESULT: dict[str, object] = {
    "run": "9f2c4a1be07d3355",
    "since": "2026-11-29T01:55:10.000000Z",
    "until": "2026-11-30T02:00:12.000000Z",
    "completed_at": "2026-11-30T02:00:31.000000Z",
    "rows": 404,
    "deleted": 7,
    "left_out": 0,
    "failed": 1,
    "bytes": 81_422,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "file_name": "articles-csv-20261130T020012Z.csv",
}
_DONE: dict[str, object] = {
    **_ORDERED,
    "state": "scheduled",
    "started_at": "2026-11-30T02:00:12.000000Z",
    "completed_at": "2026-11-30T02:00:31.000000Z",
    "next_run_at": "2026-12-01T02:00:00.000000Z",
    "success": True,
    "progress": {"total": 412, "done": 411, "skipped": 0, "failed": 1},
    "feedback": "Article 12411116 is not in the file: 'on request' is no decimal",
    "result": _RESULT,
}


def _one(status: int, message: str, example: Mapping[str, object], text: str, **headers: str) -> Success:
    schema = schemas.enveloped({"const": message}, schemas.ref("Export"))
    return Success(status, schema, examples.success(message, example), text, headers)


ROUTES = (
    Route(
        "POST",
        "/v1/exports",
        "createExport",
        "Export",
        Audience.USER,
        "Order Export",
        exports.create,
        _one(
            202,
            "Export accepted",
            _ORDERED,
            "The export, which begins at once or with its first slot.",
            Location="Its address.",
        ),
        "Writes the articles to a file, as they stood at one moment: in a format, by a mapping, all of them or what "
        "changed, at once or on a schedule.",
        Body(
            schemas.ref("ExportOrder"),
            {
                "format": "csv",
                "mapping": "navision",
                "since": "last",
                "filter": {"C_75000": ["INDOOR"]},
                "repeat": "dailyAt",
                "time": "03:00",
                "timezone": "Europe/Brussels",
            },
        ),
        refusals=(409,),
    ),
    Route(
        "GET",
        "/v1/exports",
        "findExports",
        "Export",
        Audience.USER,
        "List Exports",
        exports.find,
        Success(
            200,
            schemas.enveloped(
                {"const": "Exports found"},
                schemas.list_of(schemas.ref("Export")),
                cursor=schemas.nullable(schemas.TEXT),
            ),
            {**examples.success("Exports found", [_DONE]), "cursor": None},
            "The exports.",
        ),
        "All exports, the oldest first, without links to their files.",
        parameters=cursors.PARAMETERS,
        refusals=(422,),
    ),
    Route(
        "GET",
        "/v1/exports/{exportId}",
        "findExport",
        "Export",
        Audience.USER,
        "Find Export",
        exports.show,
        _one(
            200,
            "Export found",
            {**_DONE, "result": {**_RESULT, "download": _DOWNLOAD}},
            "The export.",
        ),
        "One export: how far its run is, when the next begins, and the files of the last runs, each with a link to "
        "it. A link that has expired is made anew by reading the export again.",
        parameters=(_ID,),
        refusals=(404, 422),
    ),
    Route(
        "GET",
        "/v1/exports/{exportId}/failed",
        "findFailedRows",
        "Export",
        Audience.USER,
        "Failed Rows",
        exports.failed,
        Success(
            200,
            schemas.enveloped({"const": "Failed rows found"}, schemas.ref("FailedRows")),
            examples.success("Failed rows found", {"rows": 1, "download": _DOWNLOAD}),
            "How many there are, and where their list is.",
        ),
        "The articles that are not in the file of the last run that passed, each with the columns that keep it out and "
        "why: a link to a list with one JSON object a line.",
        parameters=(_ID,),
        refusals=(404, 422),
    ),
    Route(
        "DELETE",
        "/v1/exports/{exportId}",
        "deleteExport",
        "Export",
        Audience.USER,
        "Delete Export",
        exports.delete,
        Success(
            200,
            schemas.enveloped({"const": "Export deleted"}, {"type": "null"}),
            examples.success("Export deleted", None),
        ),
        "Deletes an export with its files; a run of it ends, and publishes nothing. Later exports that build on the "
        "last build on what it had published.",
        parameters=(_ID,),
        refusals=(404, 409, 422),
    ),
)
