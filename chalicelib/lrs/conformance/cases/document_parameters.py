"""The parameters of the document resources, from the table of their requirements."""

from collections.abc import Callable, Mapping

from chalicelib.lrs.conformance.cases.documents import ODD
from chalicelib.lrs.conformance.cases.resources import NEW, RESOURCES, Shelf
from chalicelib.lrs.conformance.catalogue.parameters import ROWS, Kind, Row
from chalicelib.lrs.conformance.check import Check
from chalicelib.lrs.conformance.probe import Probe

MALFORMED: Mapping[str, tuple[str, ...]] = {
    "agent": ("anna", "{}", '{"name":"Anna"}', '{"mbox":"anna@example.org"}', '["anna"]', '{"mbox":'),
    "registration": ("7", "7ccd3322-e1a5-411a-a67d", "", "{7ccd3322-e1a5-411a-a67d-6a735c76f119}"),
    "since": ("yesterday", "2024-13-01T00:00:00Z", "", "1709210096"),
}
LATER = "2999-01-01T00:00:00Z"


def _body(method: str) -> object:
    return {"a": 1} if method in ("PUT", "POST") else None


def _missing(shelf: Shelf, row: Row) -> None:
    """Without the parameter: 400."""
    query = shelf.place()
    del query[row.parameter]
    if row.method == "GET":
        query.pop(shelf.resource.id_name, None)
    shelf.call(row.method, query, _body(row.method)).refused(f"{row.parameter} is missing")


def _malformed(shelf: Shelf, row: Row) -> None:
    """With a value that is none: 400."""
    for value in MALFORMED[row.parameter]:
        query = {**shelf.place(), row.parameter: value}
        if row.parameter == "since":
            del query[shelf.resource.id_name]
        shelf.call(row.method, query, _body(row.method)).refused(f"{row.parameter} is malformed")


def _any_text(shelf: Shelf, row: Row) -> None:
    """Any text names a document: stored under it, shown, listed and deleted by it."""
    query = shelf.place(ODD)
    method = "POST" if row.method == "POST" else "PUT"
    shelf.call(method, query, {"a": 1}, NEW).expect(204)
    shelf.holds(query, {"a": 1})
    shelf.lists(ODD)
    tag = shelf.call("GET", query).header("ETag")
    shelf.call("DELETE", query, headers={"If-Match": tag}).expect(204)
    shelf.gone(query)


def _taken(shelf: Shelf, row: Row) -> None:
    """The parameter has its effect."""
    _EFFECTS[row.parameter](shelf, row)


def _registration(shelf: Shelf, row: Row) -> None:
    """A document with registration is another one than that without, or with another."""
    registration, other = shelf.probe.uuid("registration"), shelf.probe.uuid("other registration")
    plain = shelf.place()
    marked = shelf.place(registration=registration)
    foreign = shelf.place(registration=other)
    method = "POST" if row.method == "POST" else "PUT"
    shelf.call(method, marked, {"a": 1}, NEW).expect(204)
    shelf.gone(plain)
    shelf.gone(foreign)
    shelf.call(method, plain, {"b": 2}, NEW).expect(204)
    shelf.holds(marked, {"a": 1})
    tag = shelf.call("GET", marked).header("ETag")
    shelf.call("DELETE", marked, headers={"If-Match": tag}).expect(204)
    shelf.gone(marked)
    shelf.holds(plain, {"b": 2})


def _state_id(shelf: Shelf, row: Row) -> None:
    """The one document of this id is meant, and no other."""
    first, second = shelf.place("first"), shelf.place("second")
    shelf.put(first, {"a": 1})
    shelf.put(second, {"b": 2})
    shelf.holds(first, {"a": 1})
    tag = shelf.call("GET", second).header("ETag")
    shelf.call("DELETE", second, headers={"If-Match": tag}).expect(204)
    shelf.lists("first")


def _since(shelf: Shelf, row: Row) -> None:
    """What is older than `since` is not listed."""
    shelf.put(shelf.place(), {"a": 1})
    shelf.lists("one", since="2015-01-01T00:00:00+01:00")
    shelf.lists(since=LATER)


_EFFECTS: Mapping[str, Callable[[Shelf, Row], None]] = {
    "registration": _registration,
    "stateId": _state_id,
    "since": _since,
}
_KINDS: Mapping[Kind, Callable[[Shelf, Row], None]] = {
    "missing": _missing,
    "malformed": _malformed,
    "taken": _taken,
    "any text": _any_text,
}


def _check(row: Row) -> Check:
    def run(probe: Probe) -> None:
        _KINDS[row.kind](Shelf(probe, RESOURCES[row.resource]), row)

    return Check(row.requirement, f"{row.parameter}-{row.kind.replace(' ', '-')}", run)


CHECKS = tuple(_check(row) for row in ROWS)
