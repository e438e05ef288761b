"""JSON schemas of what the API takes and answers, for its documentation."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

NUMBER_BYTES = 400
TEXT: Schema = {"type": "string"}


def ref(name: str) -> Schema:
    """A reference to one of the shared schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """What matches the schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def enveloped(message: Schema, data: Schema, **beside: Schema) -> Schema:
    """The envelope of an answer that went well; what stands beside `data` may be missing."""
    return {
        "type": "object",
        "properties": {"status": {"const": "success"}, "message": message, "data": data, **beside},
        "required": ["status", "message", "data"],
        "additionalProperties": False,
    }


def counted(text: str) -> Schema:
    """A message that ends in the number of things found."""
    return {"type": "string", "pattern": rf"^{text} \([0-9]+\)$"}


def list_of(item: Schema) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": item}


_VALUE: Schema = {
    "description": "A string, stored as it is; an integer stands for its decimal digits, null for an empty string.",
    "type": ["string", "integer", "null"],
}
# At least one character that is neither blank nor a quote, and none that is a slash or a control character.
_NUMBER_PATTERN = (
    r"^[^/\u0000-\u001f\u007f-\u009f]*[^/\u0000-\u001f\u007f-\u009f\s\"][^/\u0000-\u001f\u007f-\u009f]*$"
)
_NUMBER: Schema = {
    "description": f"An article number of at most {NUMBER_BYTES} bytes in UTF-8, without `/` and control characters; "
    "one pair of wrapping double quotes is taken off. An integer stands for its decimal digits.",
    "type": ["string", "integer"],
    "maxLength": NUMBER_BYTES,
    "pattern": _NUMBER_PATTERN,
}
NUMBER_IN_PATH: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": NUMBER_BYTES,
    "pattern": _NUMBER_PATTERN,
}
_FILLED: Schema = {"type": "string", "pattern": r"[^\s\"]"}
_TIME: Schema = {"type": "string", "format": "date-time"}


def _changes(*required: str) -> Schema:
    return {
        "type": "object",
        "properties": {"customNumber": _NUMBER, "F_1": _NUMBER}
        if "customNumber" in required
        else {"customNumber": {"description": "Accepted and ignored."}, "F_1": _NUMBER},
        "patternProperties": {"^[FC]_[0-9]+$": _VALUE},
        "required": list(required),
        "additionalProperties": True,
    }


COPY_BODY = _changes("customNumber", "F_1")
UPDATE_BODY = _changes("F_1")
ARTICLE_BODY: Schema = {
    "type": "object",
    "properties": {
        "id": {**_NUMBER, "description": "Where it is sent, the article number in the path."},
        "F_1": {**_NUMBER, "description": "Where it is sent, the article number in the path."},
    },
    "patternProperties": {"^[FC]_[0-9]+$": _VALUE},
    "additionalProperties": True,
}
DELTA_UPDATE_BODY: Schema = {
    "type": "object",
    "properties": {
        "file": {"description": "The URL of one delta file.", "type": ["string", "null"]},
        "files": {
            "description": "URLs of delta files: a JSON array, a string that holds one, or a bracketed list "
            "without quotes. At most 100 with `file`; one that stands twice is taken once.",
            "anyOf": [{"type": "array", "items": TEXT}, TEXT, {"type": "null"}],
        },
        "strict": {
            "description": "Refuse a file as a whole where one of its entries has a fault.",
            "enum": [True, False, "true", "false", None],
        },
    },
    "anyOf": [
        {"properties": {"file": _FILLED}, "required": ["file"]},
        {
            "properties": {"files": {"anyOf": [{"type": "array", "contains": _FILLED}, _FILLED]}},
            "required": ["files"],
        },
    ],
    "additionalProperties": True,
}
CREATE_USER_BODY: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 255, "pattern": r"\S"},
        "email": {"type": "string", "maxLength": 255, "format": "email"},
        "password": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": r"\S"},
    },
    "required": ["name", "email", "password"],
    "additionalProperties": True,
}
EMAIL_BODY: Schema = {
    "type": "object",
    "properties": {"email": {"type": "string", "pattern": r"\S"}},
    "required": ["email"],
    "additionalProperties": True,
}
RETRY_BODY: Schema = {
    "type": "object",
    "properties": {
        "ids": {
            "description": "Ids of jobs; their articles are retried.",
            "type": ["array", "null"],
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "maxItems": 100,
        },
        "file": {
            "description": "The name of a file; the articles of its jobs are retried.",
            "type": ["string", "null"],
            "pattern": _FILLED["pattern"],
        },
        "article": {
            **_NUMBER,
            "description": "The number of an article.",
            "type": ["string", "integer", "null"],
        },
    },
    "additionalProperties": False,
}

COMPONENTS: Mapping[str, Schema] = {
    "Article": {
        "description": "A flat document: `id` and `F_1` are its number, `F_*` features, `C_*` classifications.",
        "type": "object",
        "properties": {"id": TEXT, "F_1": TEXT},
        "patternProperties": {"^[FC]_[0-9]+$": TEXT},
        "required": ["id", "F_1"],
        "additionalProperties": False,
    },
    "Deletion": {
        "type": "object",
        "properties": {
            "_index": TEXT,
            "_type": {"const": "_doc"},
            "_id": TEXT,
            "_version": {"type": "integer"},
            "result": {"const": "deleted"},
            "_shards": {"type": "object"},
            "_seq_no": {"type": "integer"},
            "_primary_term": {"type": "integer"},
        },
        "required": ["_index", "_type", "_id", "result"],
    },
    "Payload": {
        "description": "What a job was made of; a job of an entry also has `articleData` and `operation`.",
        "type": "object",
        "properties": {
            "articleData": {},
            "file": TEXT,
            "operation": {},
            "tries": {"type": "integer"},
            "timeout": {"type": "integer"},
            "failOnTimeout": {"type": "boolean"},
            "queue": {"enum": ["delta-file", "delta-article"]},
            "middleware": {"type": "array"},
            "chained": {"type": "array"},
        },
        "required": ["file", "tries", "timeout", "failOnTimeout", "queue", "middleware", "chained"],
    },
    "Job": {"type": "object", "properties": {"payload": ref("Payload")}, "required": ["payload"]},
    "FailedJob": {
        "type": "object",
        "properties": {"errors": list_of(TEXT), "payload": ref("Payload")},
        "required": ["errors", "payload"],
        "additionalProperties": False,
    },
    "FailedJobs": {
        "description": "The first failure as documented, and all of them in pages.",
        "type": "object",
        "properties": {
            "errors": list_of(TEXT),
            "payload": ref("Payload"),
            "jobs": list_of(ref("FailedJob")),
            "pagination": ref("Pagination"),
        },
        "required": ["errors", "payload", "jobs", "pagination"],
        "additionalProperties": False,
    },
    "Pagination": {
        "description": "Where this page stands. `left`: items behind it. `next`: the page that goes on, or null.",
        "type": "object",
        "properties": {
            **{name: {"type": "integer"} for name in ("page", "per_page", "count", "total", "left")},
            "next": nullable(
                {
                    "type": "object",
                    "properties": {"page": {"type": "integer"}, "per_page": {"type": "integer"}},
                    "required": ["page", "per_page"],
                    "additionalProperties": False,
                }
            ),
        },
        "required": ["page", "per_page", "count", "total", "left", "next"],
        "additionalProperties": False,
    },
    "NewToken": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "token": {"description": "Shown this once: `<id>|<secret>`.", "type": "string"},
        },
        "required": ["name", "token"],
        "additionalProperties": False,
    },
    "User": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "email": TEXT,
            "is_admin": {"type": "boolean"},
            "created_at": _TIME,
            "tokens_count": {"type": "integer"},
            "last_used_at": nullable(_TIME),
            "tokens": list_of(
                {
                    "type": "object",
                    "properties": {
                        "name": TEXT,
                        "created_at": _TIME,
                        "last_used_at": nullable(_TIME),
                        "expires_at": nullable(_TIME),
                    },
                    "required": ["name", "created_at", "last_used_at"],
                }
            ),
        },
        "required": ["name", "email", "is_admin", "created_at", "tokens_count", "last_used_at", "tokens"],
    },
    "RetryTicket": {
        "type": "object",
        "properties": {"ticket": {"type": "integer"}},
        "required": ["ticket"],
        "additionalProperties": False,
    },
    "Error": {
        "type": "object",
        "properties": {"status": {"const": "error"}, "message": TEXT, "data": {"type": "null"}},
        "required": ["status", "message", "data"],
        "additionalProperties": False,
    },
    "ValidationError": {
        "description": "`message` is the first text, then how many more there are.",
        "type": "object",
        "properties": {
            "status": {"const": "error"},
            "message": TEXT,
            "data": {"type": "null"},
            "errors": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": TEXT, "minItems": 1},
            },
        },
        "required": ["status", "message", "data", "errors"],
        "additionalProperties": False,
    },
    "BareMessage": {
        "type": "object",
        "properties": {"message": TEXT},
        "required": ["message"],
        "additionalProperties": False,
    },
}
