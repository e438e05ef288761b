"""Documents: stored, shown, listed, merged, deleted (Communication 2.2, 2.3, 2.6, 2.7; 2.0: 4.1.6.2, .5, .6)."""

import json
from collections.abc import Callable, Mapping

from chalicelib.lrs.conformance.cases.resources import RESOURCES, Resource, Shelf
from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.probe import CONSISTENT_THROUGH, JSON, Probe

CHECKS = Checks()
BYTES = bytes(range(256)) + b"\r\n\x00 end"
BINARY = {"Content-Type": "application/octet-stream"}
TEXT = {"Content-Type": "text/plain"}
ODD = "ä b/c?d&e=f#%25+\"'ü"


def put_stores(shelf: Shelf) -> None:
    """PUT stores any bytes with their type, 204."""
    place = shelf.place()
    shelf.put(place, BYTES, BINARY)
    shelf.shows(place, BYTES, "application/octet-stream")


def post_stores(shelf: Shelf) -> None:
    """POST stores a document that is not there, 204."""
    place = shelf.place()
    shelf.call("POST", place, b'{ "a":1 }').expect(204)
    shelf.shows(place, b'{ "a":1 }', JSON)


def get_finds_nothing(shelf: Shelf) -> None:
    """GET of a document that is not there is 404; of the ids, an empty list."""
    shelf.gone(shelf.place())
    shelf.lists()


def delete_deletes(shelf: Shelf) -> None:
    """DELETE takes one document away, 204."""
    first, second = shelf.place(), shelf.place("two")
    tag = {}
    for place in (first, second):
        shelf.put(place, {"a": 1})
        tag = {"If-Match": shelf.call("GET", place).header("ETag")}
    shelf.call("DELETE", first, headers=tag).expect(204)
    shelf.gone(first)
    shelf.holds(second, {"a": 1})


def lists_ids(shelf: Shelf) -> None:
    """GET without an id lists the ids of the documents in the context."""
    for name in ("one", "two", ODD):
        shelf.put(shelf.place(name), {"a": 1})
    shelf.lists("one", "two", ODD)


def delete_without_id(shelf: Shelf) -> None:
    """DELETE without an id takes away all documents of the context, and no other."""
    for name in ("one", "two"):
        shelf.put(shelf.place(name), {"a": 1})
    other = {**shelf.place("other"), "activityId": shelf.probe.iri("other")}
    shelf.probe.keep_clean(shelf.resource.path, other)
    shelf.put(other, {"a": 1})
    shelf.call("DELETE", shelf.context).expect(204)
    shelf.lists()
    shelf.holds(other, {"a": 1})


def since_shows_newer(shelf: Shelf) -> None:
    """`since` shows the ids of what was stored after it."""
    shelf.put(shelf.place("old"), {"a": 1})
    between = shelf.probe.get("/statements", {"limit": "1"}).header(CONSISTENT_THROUGH)
    shelf.put(shelf.place("new"), {"a": 1})
    shelf.lists("new", since=between)
    shelf.lists("old", "new", since="2015-01-01T00:00:00Z")


def merges(shelf: Shelf) -> None:
    """POST of a JSON object over one sets its properties and keeps the others."""
    place = shelf.place()
    shelf.put(place, {"x": "foo", "y": "bar"})
    shelf.call("POST", place, {"x": "bash", "z": "faz"}).expect(204)
    shelf.holds(place, {"x": "bash", "y": "bar", "z": "faz"})


def merges_one_level(shelf: Shelf) -> None:
    """A property of an object is replaced as a whole."""
    place = shelf.place()
    shelf.put(place, {"deep": {"a": 1, "b": 2}, "list": [1, 2]})
    shelf.call("POST", place, {"deep": {"c": 3}, "list": [3]}).expect(204)
    shelf.holds(place, {"deep": {"c": 3}, "list": [3]})


def merge_overwrites(shelf: Shelf) -> None:
    """Where both have a property the posted one holds, whatever its type."""
    place = shelf.place()
    shelf.put(place, {"a": {"b": 1}, "c": 2})
    shelf.call("POST", place, {"a": 7, "c": None}).expect(204)
    shelf.holds(place, {"a": 7, "c": None})


def other_type_is_refused(shelf: Shelf) -> None:
    """POST over a document is 400 where either is not application/json, and nothing changes."""
    json_place, text_place = shelf.place("json"), shelf.place("text")
    shelf.put(json_place, b'{"a":1}')
    shelf.call("POST", json_place, b'{"b":2}', TEXT).refused("what is posted is text/plain")
    shelf.shows(json_place, b'{"a":1}', JSON)
    shelf.put(text_place, b'{"a":1}', TEXT)
    shelf.call("POST", text_place, b'{"b":2}').refused("what is there is text/plain")
    shelf.shows(text_place, b'{"a":1}', "text/plain")


def no_object_is_refused(shelf: Shelf) -> None:
    """POST over a document is 400 where either is no JSON object, and nothing changes."""
    object_place, list_place = shelf.place("object"), shelf.place("list")
    shelf.put(object_place, b'{"a":1}')
    for body in (b"[1]", b'"text"', b"7", b"null"):
        shelf.call("POST", object_place, body).refused("what is posted is no JSON object")
    shelf.shows(object_place, b'{"a":1}', JSON)
    shelf.put(list_place, b"[1]")
    shelf.call("POST", list_place, b'{"b":2}').refused("what is there is no JSON object")
    shelf.shows(list_place, b"[1]", JSON)


def broken_json_is_refused(shelf: Shelf) -> None:
    """POST of application/json that is no JSON is 400, and nothing changes."""
    place, empty = shelf.place(), shelf.place("empty")
    shelf.put(place, b'{"a":1}')
    for body in (b'{"b":', b"{'b': 2}", b"b=2"):
        shelf.call("POST", place, body).refused("this is no JSON")
    shelf.shows(place, b'{"a":1}', JSON)
    shelf.call("POST", empty, b'{"b":').refused("this is no JSON")
    shelf.gone(empty)


def merge_reads_json(shelf: Shelf) -> None:
    """Both documents are read before they are merged, and written as one JSON object."""
    place = shelf.place()
    shelf.put(place, b'{ "a": 1,\n"b": {"c": "\\u00e4"} }')
    shelf.call("POST", place, b'{"\\u0061": 2, "d": [ ] }').expect(204)
    shelf.holds(place, {"a": 2, "b": {"c": "ä"}, "d": []})
    answer = shelf.call("GET", place).expect(200)
    answer.must(answer.header("Content-Type").startswith(JSON), f"the Content-Type {JSON}")


Case = Callable[[Shelf], None]
_TABLE: Mapping[Case, Mapping[str, tuple[str, ...]]] = {
    put_stores: {
        "State": ("00190", "00192", "00230"),
        "Agent Profile": ("00259", "00269", "00273", "00282"),
        "Activity Profile": ("00287", "00288", "00293", "00311"),
    },
    post_stores: {
        "State": ("00189", "00231", "00233"),
        "Agent Profile": ("00272", "00280", "00283"),
        "Activity Profile": ("00286", "00292", "00310", "00312"),
    },
    get_finds_nothing: {"State": ("00188",), "Agent Profile": ("00274",), "Activity Profile": ("00290",)},
    delete_deletes: {
        "State": ("00187", "00191"),
        "Agent Profile": ("00271",),
        "Activity Profile": ("00285", "00291"),
    },
    lists_ids: {"State": ("00193",), "Agent Profile": ("00270",), "Activity Profile": ("00289",)},
    delete_without_id: {"State": ("00194",)},
    since_shows_newer: {
        "State": ("00141", "00195", "00222"),
        "Agent Profile": ("00141", "00275"),
        "Activity Profile": ("00141", "00294"),
    },
    merges: {"State": ("00234",), "Agent Profile": ("00279",), "Activity Profile": ("00308",)},
    merges_one_level: dict.fromkeys(RESOURCES, ("00183",)),
    merge_overwrites: dict.fromkeys(RESOURCES, ("00184",)),
    merge_reads_json: dict.fromkeys(RESOURCES, ("00185", "00186")),
    other_type_is_refused: {
        "State": ("00232",),
        "Agent Profile": ("00278",),
        "Activity Profile": ("00309",),
    },
    no_object_is_refused: {"State": ("00229",), "Agent Profile": ("00281",), "Activity Profile": ("00313",)},
    broken_json_is_refused: {
        "State": ("00235",),
        "Agent Profile": ("00284",),
        "Activity Profile": ("00314",),
    },
}


def on_shelf(case: Case, resource: Resource) -> Callable[[Probe], None]:
    """The case as a check of one resource."""

    def run(probe: Probe) -> None:
        case(Shelf(probe, resource))

    run.__name__ = f"{case.__name__}_{resource.name.lower().replace(' ', '_')}"
    return run


for _case, _resources in _TABLE.items():
    for _name, _numbers in _resources.items():
        CHECKS.that(*(f"XAPI-{number}" for number in _numbers))(on_shelf(_case, RESOURCES[_name]))


@CHECKS.that("XAPI-00182")
def refused_requests_change_nothing(probe: Probe) -> None:
    """What is refused leaves neither statements nor documents behind."""
    good, bad = probe.statement("good"), probe.statement("bad", verb={"id": "tested"})
    probe.post([good, bad]).refused("one statement has a verb without IRI")
    for statement in (good, bad):
        probe.get("/statements", {"statementId": statement["id"]}).expect(404, because="nothing was recorded")
    for resource in RESOURCES.values():
        shelf = Shelf(probe, resource)
        place = shelf.place()
        shelf.call("PUT", {**place, "colour": "blue"}, {"a": 1}, {"If-None-Match": "*"}).refused(
            "the parameter colour is not known"
        )
        shelf.gone(place)


@CHECKS.that("XAPI-00140")
def every_resource_is_there(probe: Probe) -> None:
    """No resource of the specification is missing."""
    paths: dict[str, Mapping[str, str]] = {
        "/statements": {"limit": "1"},
        "/agents": {"agent": json.dumps(probe.agent())},
        "/activities": {"activityId": probe.iri("activity")},
        "/about": {},
        **{resource.path: Shelf(probe, resource).context for resource in RESOURCES.values()},
    }
    for path, query in paths.items():
        statuses = (200, 404) if path == "/activities" else (200,)
        probe.get(path, query).expect(*statuses)
