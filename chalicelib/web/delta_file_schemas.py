"""Schemas of delta files as a resource, for its documentation."""

from collections.abc import Mapping

from chalicelib.web import delta_files, schemas

_TIME: schemas.Schema = {"type": "string", "format": "date-time"}
_COUNT: schemas.Schema = {"type": "integer", "minimum": 0}
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
        "properties": dict.fromkeys(delta_files.COUNTED, _COUNT),
        "required": list(delta_files.COUNTED),
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
        "properties": {
            **_FILE,
            "state": {
                "description": "`awaited` and `expired`: somebody may upload it, and it did not come yet.",
                "enum": [*delta_files.STATES, *delta_files.OF_UPLOADS],
            },
            "accepted_at": schemas.nullable(_TIME),
            "errors": schemas.list_of(_ERROR),
        },
        "required": [*_FILE, "errors"],
        "additionalProperties": False,
    },
    "DeltaUpload": {
        "description": "Where a delta file may be uploaded, until when, and by which id it is found.",
        "type": "object",
        "properties": {
            "id": schemas.TEXT,
            "name": schemas.TEXT,
            "strict": {"type": "boolean"},
            "method": {"const": "PUT"},
            "url": {
                "description": "The address; it needs no token, so keep it to yourself.",
                "type": "string",
            },
            "headers": {
                "description": "Headers that the upload must bear.",
                "type": "object",
                "additionalProperties": schemas.TEXT,
            },
            "expires_at": _TIME,
        },
        "required": ["id", "name", "strict", "method", "url", "headers", "expires_at"],
        "additionalProperties": False,
    },
}
LINK: schemas.Schema = {
    "type": "object",
    "properties": {"url": schemas.TEXT, "bytes": {"type": "integer"}, "expires_at": _TIME},
    "required": ["url", "bytes", "expires_at"],
    "additionalProperties": False,
}
ENTRY: schemas.Schema = {
    "type": "object",
    "properties": {"operation": schemas.TEXT, "articleData": {"type": "object"}},
    "required": ["operation", "articleData"],
}
