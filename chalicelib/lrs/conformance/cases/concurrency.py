"""ETags on documents (Communication 3.1; 2.0: 4.1.4)."""

from chalicelib.lrs.conformance.cases.documents import on_shelf
from chalicelib.lrs.conformance.cases.resources import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    RESOURCES,
    STATE,
    Shelf,
)
from chalicelib.lrs.conformance.check import BOTH, Checks
from chalicelib.lrs.versions import V1, V2

CHECKS = Checks()
WRONG = '"da39a3ee5e6b4b0d3255bfef95601890afd80709"'
PROFILES = (AGENT_PROFILE, ACTIVITY_PROFILE)


def etag_in_quotes(shelf: Shelf) -> None:
    """GET of a document has an ETag in quotes, another one when the document changed."""
    place = shelf.place()
    shelf.put(place, {"a": 1})
    answer = shelf.call("GET", place).expect(200)
    tag = answer.header("ETag")
    answer.must(len(tag) > 2 and tag[0] == tag[-1] == '"', "an ETag in quotes", tag)
    shelf.call("PUT", place, {"a": 2}, {"If-Match": tag}).expect(204)
    changed = shelf.call("GET", place).expect(200)
    changed.must(changed.header("ETag") != tag, "another ETag, as the document changed", tag)


def if_match(shelf: Shelf) -> None:
    """A write with the ETag of the document passes; with another one it is 412 and nothing changes."""
    place = shelf.place()
    shelf.put(place, {"a": 1})
    for method, body in (("PUT", {"a": 2}), ("POST", {"a": 2}), ("DELETE", None)):
        answer = shelf.call(method, place, body, {"If-Match": WRONG})
        answer.expect(412, because="the document has another ETag")
        shelf.holds(place, {"a": 1})
    for method, body in (("PUT", {"a": 2}), ("POST", {"b": 3}), ("DELETE", None)):
        tag = shelf.call("GET", place).header("ETag")
        shelf.call(method, place, body, {"If-Match": tag}).expect(204)
    shelf.gone(place)


def if_none_match(shelf: Shelf) -> None:
    """With `If-None-Match: *` a document that is not there is stored; over one that is: 412, nothing changes."""
    place = shelf.place()
    shelf.call("PUT", place, {"a": 1}, {"If-None-Match": "*"}).expect(204)
    for method in ("PUT", "POST"):
        answer = shelf.call(method, place, {"a": 2}, {"If-None-Match": "*"})
        answer.expect(412, because="the document is there")
    shelf.holds(place, {"a": 1})


def put_with_neither_header(shelf: Shelf) -> None:
    """PUT over a document with neither header is 409 with a message, and nothing changes."""
    place = shelf.place()
    shelf.put(place, {"a": 1})
    answer = shelf.call("PUT", place, {"a": 2}).expect(409, because="neither If-Match nor If-None-Match")
    answer.must(bool(answer.body.strip()), "a message that explains the conflict")
    shelf.holds(place, {"a": 1})


def put_of_a_state_needs_no_header(shelf: Shelf) -> None:
    """In 1.0.3 PUT over a state needs no header."""
    place = shelf.place()
    shelf.put(place, {"a": 1})
    shelf.call("PUT", place, {"a": 2}).expect(204)
    shelf.holds(place, {"a": 2})


for _resource in RESOURCES.values():
    _versions = BOTH if _resource in PROFILES else (V2,)
    for _case in (etag_in_quotes, if_match, if_none_match, put_with_neither_header):
        CHECKS.that("XAPI-00322", versions=_versions)(on_shelf(_case, _resource))
CHECKS.that("XAPI-00322", versions=(V1,))(on_shelf(put_of_a_state_needs_no_header, STATE))
