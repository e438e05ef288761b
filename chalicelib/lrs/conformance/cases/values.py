"""Values that many rules refuse or take."""

from typing import Any

from chalicelib.lrs.conformance.samples import HOME

Values = tuple[Any, ...]

NO_OBJECT: Values = ("text", 7, True, [])
NO_TEXT: Values = (7, True, {"a": "b"}, ["text"])
NO_BOOLEAN: Values = ("true", "false", 1, 0, [], {})
NO_NUMBER: Values = ("5", True, [5], {"value": 5})
NO_LIST: Values = ("text", 7, True, {"0": "text"})
NO_IRI: Values = ("course", "", "/courses/7", "//example.org/course", 7, True, [HOME], {"id": HOME})
NO_LANGUAGE_MAP: Values = ("text", 7, True, ["text"], {"en-US": 7}, {"en-US": ["text"]})
NO_UUID: Values = (
    "7ccd3322-e1a5-411a-a67d",
    "7ccd3322e1a5411aa67d6a735c76f119",
    "{7ccd3322-e1a5-411a-a67d-6a735c76f119}",
    "7ccd3322-e1a5-411a-a67d-6a735c76f11g",
    "urn:uuid:7ccd3322-e1a5-411a-a67d-6a735c76f119",
    "",
)
NO_TIMESTAMP: Values = (
    "yesterday",
    "",
    "2024-13-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-02-29T25:00:00Z",
    1709210096,
    True,
    {"time": "2024-02-29T12:34:56Z"},
)
NO_DURATION: Values = ("an hour", "", "PT", "P", "1H", "PT1H30", "P1W2D", 90, ["PT1H"])
DURATIONS: Values = ("PT4H35M59.14S", "P3DT4H", "P4W", "P1Y2M10DT2H30M", "PT0S", "PT0.5S")
EXTENSIONS: Values = (
    {f"{HOME}/extension": "text"},
    {f"{HOME}/a": {"b": [1, 2, {"c": False}]}, "urn:example:extension": 1.5},
)
UUID = "7ccd3322-e1a5-411a-a67d-6a735c76f119"
