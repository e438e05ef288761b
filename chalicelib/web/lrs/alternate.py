"""The alternate request syntax: a POST with the method in the query and all else in a form.

Source: xAPI 1.0.3 Communication 1.3. It is gone from 2.0, where `method` is a query parameter like any unknown one.
"""

import re
from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qsl

from chalicelib.lrs.versions import V1, understood
from chalicelib.web.call import Request
from chalicelib.web.lrs.headers import VERSION
from chalicelib.web.refusals import Refusal

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
HEADERS = frozenset(
    (
        "authorization",
        VERSION.lower(),
        "content-type",
        "content-length",
        "if-match",
        "if-none-match",
    )
)
OF_THE_FORM = ("content-type", "content-length")  # headers that describe the form, not the content in it
MOST_FIELDS = 100  # a form has a dozen; it is read before anyone is known, and each costs memory
_BROKEN_ESCAPE = re.compile(b"%(?![0-9A-Fa-f]{2})")


class BrokenForm(Refusal):
    """The request cannot be read as one in the alternate syntax; answered with 400."""


def is_alternate(request: Request) -> bool:
    """Whether the request is written in the alternate syntax."""
    return request.method == "POST" and "method" in request.query


def read(request: Request) -> Request:
    """The request that is meant. One of another version than 1.0 is returned as it is.

    Raises `BrokenForm`.
    """
    fields = _fields(request.raw_body)
    headers = {name: value for name, value in request.headers.items() if name not in OF_THE_FORM}
    headers |= {name.lower(): value for name, value in fields if name.lower() in HEADERS}
    if understood(headers.get(VERSION.lower(), "").strip()) != V1:
        return request
    return _meant(request, fields, headers)


def _meant(request: Request, fields: list[tuple[str, str]], headers: dict[str, str]) -> Request:
    method = request.query["method"]
    if len(request.query) > 1 or request.repeated:
        raise BrokenForm("The query holds more than `method`: everything else belongs into the form.")
    if method not in METHODS:
        raise BrokenForm(f"The method must be one of {', '.join(METHODS)}.")
    content = [value for name, value in fields if name == "content"]
    if len(content) > 1:
        raise BrokenForm("The form field `content` stands there twice.")
    if method in ("PUT", "POST") and not content:
        raise BrokenForm("The form field `content` is missing: it holds what is sent with this method.")
    if content:
        headers.setdefault("content-type", "application/json")
    others = [(name, value) for name, value in fields if name != "content" and name.lower() not in HEADERS]
    counts = Counter(name for name, _ in others)
    return replace(
        request,
        method=method,
        headers=headers,
        query=dict(others),
        repeated=frozenset(name for name, count in counts.items() if count > 1),
        raw_body=content[0].encode() if content else b"",
    )


def _fields(body: bytes) -> list[tuple[str, str]]:
    if _BROKEN_ESCAPE.search(body):
        raise BrokenForm("The form is not encoded as application/x-www-form-urlencoded: a % stands alone.")
    if body.count(b"&") >= MOST_FIELDS:
        raise BrokenForm(f"The form has more than {MOST_FIELDS} fields.")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BrokenForm("The form is not UTF-8.") from None
    headers = [name.lower() for name, _ in fields if name.lower() in HEADERS]
    if len(headers) > len(set(headers)):
        raise BrokenForm("A header stands twice in the form.")
    if any("\r" in value or "\n" in value for name, value in fields if name.lower() in HEADERS):
        raise BrokenForm("A header in the form holds a line break.")
    return fields
