"""Stores, clients and connections, as the OpenAPI document describes them."""

from __future__ import annotations

from chalicelib.web.lrs.documentation.components import answer
from chalicelib.web.lrs.documentation.form import NOTHING, Answered, Content, Described, Json, json_content
from chalicelib.web.schemas import list_of, ref

TAG = "Access"
_ROOT = "https://host/api/lrs/lms"
STORE: Json = {
    "id": "5e0c",
    "slug": "main",
    "name": "main",
    "status": "ready",
    "timezone": "UTC",
    "xapi_version": "2.0",
}
CLIENT: Json = {
    "id": "77ab",
    "slug": "lms",
    "name": "lms",
    "store": "main",
    "guard": "basic-http",
    "cors": ["*"],
    "permissions": {"xapi/all": True},
    "pipeline": {"check_conflicts": True},
    "base_endpoint": _ROOT,
    "store_endpoint": f"{_ROOT}/stores/main",
    "xapi_endpoint": f"{_ROOT}/stores/main/xapi",
    "cmi5_endpoint": f"{_ROOT}/stores/main/cmi5/tokens",
}
CONNECTION: Json = {"id": "91c4", "name": "Archive", "type": "file", "settings": {"prefix": "archive/"}}
_SENT_STORE: Json = {"slug": "main", "timezone": "Europe/Paris"}
_SENT_CLIENT: Json = {
    "slug": "lms",
    "store": "main",
    "credentials": {"username": "lms", "password": "correct horse"},
    "permissions": {"xapi/all": True},
}
_SENT_CONNECTION: Json = {"name": "Archive", "settings": {"prefix": "archive/"}}


def _one(name: str, example: Json) -> Content:
    return json_content(answer(ref(name)), {"data": example})


def _calls(
    kind: str, plural: str, shown: Json, sent: Json, changes: Json, *, deletes: str = ""
) -> dict[str, Described]:
    """The calls on one kind of object; `deletes`: what is said of deletion, empty where there is none."""
    what = kind.lower()
    listed = json_content(answer(list_of(ref(kind))), {"data": [shown]})
    found = {
        f"accessCreate{kind}": Described(
            TAG,
            f"Make a {what}",
            f"Makes a {what}; what it has then is answered.",
            {201: Answered(f"The {what}.", _one(kind, shown))},
            json_content(ref(f"New{kind}"), sent),
            (409, 415),
        ),
        f"accessList{plural}": Described(
            TAG,
            f"List {plural.lower()}",
            f"All {plural.lower()}, on one page.",
            {200: Answered(f"All {plural.lower()}.", listed)},
        ),
        f"accessShow{kind}": Described(
            TAG,
            f"Show a {what}",
            f"One {what}.",
            {200: Answered(f"The {what}.", _one(kind, shown))},
        ),
        f"accessChange{kind}": Described(
            TAG,
            f"Change a {what}",
            "The fields that are sent are changed, each as a whole.",
            {200: Answered(f"The {what} as it is now.", _one(kind, shown))},
            json_content(ref(f"{kind}Changes"), changes),
            (409, 415),
        ),
    }
    if deletes:
        found[f"accessDelete{kind}"] = Described(
            TAG, f"Delete a {what}", deletes, {204: NOTHING}, refusals=(409,)
        )
    return found


DESCRIBED: dict[str, Described] = {
    **_calls("Store", "Stores", STORE, _SENT_STORE, {"name": "Main"}),
    **_calls(
        "Client",
        "Clients",
        CLIENT,
        _SENT_CLIENT,
        {"permissions": {"xapi/statements/write": True}},
        deletes="Its password and its tokens end at once.",
    ),
    **_calls(
        "Connection",
        "Connections",
        CONNECTION,
        _SENT_CONNECTION,
        {"name": "Old archive"},
        deletes="One that a job uses stays (409). The place that it leads to is not touched.",
    ),
}
