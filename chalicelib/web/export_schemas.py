"""Schemas of exports, for the documentation of their calls; nothing else needs them."""

from collections.abc import Mapping

from chalicelib.articles.export.mapping import FORMATS
from chalicelib.exports.view import STATES
from chalicelib.schedule.reading import RANGES
from chalicelib.schedule.repeat import NEEDED
from chalicelib.web import schemas

_TIME: schemas.Schema = {"type": "string", "format": "date-time"}
_COUNT: schemas.Schema = {"type": "integer", "minimum": 0}
_OR_NULL: schemas.Schema = {"type": ["string", "null"]}
_FILTER: schemas.Schema = {
    "description": "As the list of articles takes it: `q`, and `F_<int>` and `C_<int>` with a value or several.",
    "type": ["object", "null"],
}
_WHEN: Mapping[str, schemas.Schema] = {
    "repeat": {
        "description": "When it runs, as for jobs of the record store; without it, once and now.",
        "enum": [*NEEDED, None],
    },
    "date": _OR_NULL,
    "time": _OR_NULL,
    **{
        name: {"type": ["integer", "null"], "minimum": low, "maximum": high}
        for name, (low, high) in RANGES.items()
    },
    "timezone": {"description": "IANA name of the zone of the schedule; without it UTC.", **_OR_NULL},
}
_ORDER: Mapping[str, schemas.Schema] = {
    "format": {"enum": list(FORMATS)},
    "mapping": {
        "description": "The name of a mapping, `mappings/<name>.yaml` in the bucket; without it the one built in.",
        **_OR_NULL,
    },
    "since": {
        "description": "`last`: what was written since the last export of the same format, mapping and filter; or a "
        "time of RFC 3339. Deletions are told then. Without it, all articles.",
        **_OR_NULL,
    },
    "filter": _FILTER,
}
_BODY: schemas.Schema = {
    "type": "object",
    "properties": {**_ORDER, **_WHEN, "replay": {"type": ["boolean", "null"]}},
    "required": ["format"],
    "additionalProperties": False,
}
_LINK: schemas.Schema = {
    "description": "Where the file can be read without a token until then; null: it is kept no longer.",
    **schemas.nullable(
        {
            "type": "object",
            "properties": {"url": schemas.TEXT, "expires_at": _TIME},
            "required": ["url", "expires_at"],
            "additionalProperties": False,
        }
    ),
}
_RESULT: Mapping[str, schemas.Schema] = {
    "run": schemas.TEXT,
    "since": {
        "description": "What was written then or later is in it; null: all.",
        **schemas.nullable(_TIME),
    },
    "until": {"description": "Every write that was answered before is in it.", **_TIME},
    "completed_at": _TIME,
    "rows": {"description": "Articles in the file.", **_COUNT},
    "deleted": {"description": "Deleted articles that the file tells of.", **_COUNT},
    "left_out": {"description": "Deleted articles that the mapping leaves out.", **_COUNT},
    "failed": {"description": "Articles that could not be written.", **_COUNT},
    "bytes": _COUNT,
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "file_name": schemas.TEXT,
}
_RESULT_SCHEMA: schemas.Schema = {
    "description": "The file of a run that passed.",
    "type": "object",
    "properties": {**_RESULT, "download": _LINK},
    "required": list(_RESULT),
    "additionalProperties": False,
}
_COUNTED = ("total", "done", "skipped", "failed")
_EXPORT: Mapping[str, schemas.Schema] = {
    "id": schemas.TEXT,
    "state": {"enum": list(STATES)},
    **_ORDER,
    **_WHEN,
    "created_at": _TIME,
    "started_at": schemas.nullable(_TIME),
    "completed_at": schemas.nullable(_TIME),
    "next_run_at": schemas.nullable(_TIME),
    "success": {"description": "Of the last run.", "type": ["boolean", "null"]},
    "progress": {
        "description": "Articles of the run that goes on, else of the last; at its end they add up to `total`.",
        "type": "object",
        "properties": dict.fromkeys(_COUNTED, _COUNT),
        "required": list(_COUNTED),
        "additionalProperties": False,
    },
    "feedback": {"description": "What a person should know of the run.", "type": "string"},
    "result": {
        "description": "Of the last run that passed.",
        **schemas.nullable(schemas.ref("ExportResult")),
    },
    "earlier_results": schemas.list_of(schemas.ref("ExportResult")),
}

COMPONENTS: Mapping[str, schemas.Schema] = {
    "ExportOrder": _BODY,
    "ExportResult": _RESULT_SCHEMA,
    "Export": {
        "description": "An export of articles, and what its runs have come to.",
        "type": "object",
        "properties": _EXPORT,
        "required": list(_EXPORT),
        "additionalProperties": False,
    },
    "FailedRows": {
        "description": "The rows that are not in the file; the list has one JSON object a line.",
        "type": "object",
        "properties": {"rows": _COUNT, "download": _LINK},
        "required": ["rows", "download"],
        "additionalProperties": False,
    },
}
