"""Stores that are broken in one point: the record store, with something put before it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.lrs.conformance import Response
from chalicelib.lrs.conformance.samples import ABSENT, changed
from chalicelib.lrs.versions import V1, V2, XapiVersion
from tests.functional.lrs_conformance import InProcess

STATEMENTS = "/statements"


@dataclass(frozen=True)
class Sent:
    """A request on its way to the store."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None

    def to(self, methods: str, path: str) -> bool:
        """Whether it has one of these methods (`PUT POST`) and goes to this resource."""
        return self.method in methods.split() and self.path.partition("?")[0].endswith(path)

    @property
    def value(self) -> Any:
        """The body, where it is JSON."""
        try:
            return json.loads(self.body or b"")
        except ValueError:
            return None


Forward = Callable[[Sent], Response]
Break = Callable[[Sent, Forward], Response]


class Broken:
    """A transport to a store with one thing broken."""

    endpoint = InProcess.endpoint

    def __init__(self, breaks: Break) -> None:
        self._breaks, self._store = breaks, InProcess()

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response:
        sent = Sent(method, path, query, headers, body)
        return self._breaks(sent, lambda one: self._store.request(*vars(one).values()))


@dataclass(frozen=True)
class Mutation:
    """A store broken in one point, and the requirement whose check must find it."""

    name: str
    requirement: str
    breaks: Break
    versions: Sequence[XapiVersion] = field(default=(V1, V2))


# Ways to break a store.


def lenient(path: str, good: object = ABSENT) -> Break:
    """Takes statements whatever stands at a path: a refused one is taken where a good value there would be."""

    def run(sent: Sent, forward: Forward) -> Response:
        came = forward(sent)
        statement = sent.value
        if came.status != 400 or not sent.to("POST", STATEMENTS) or not isinstance(statement, dict):
            return came
        return _taken(sent, forward, statement, path, good) or came

    return run


def _taken(sent: Sent, forward: Forward, statement: Any, path: str, good: object) -> Response | None:
    try:
        mended = changed(statement, path, good)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None
    came = forward(replace(sent, body=json.dumps(mended).encode()))
    return came if came.status == 200 else None


def forgets(method: str, path: str, parameter: str) -> Break:
    """Ignores a parameter of the query."""

    def run(sent: Sent, forward: Forward) -> Response:
        if not sent.to(method, path):
            return forward(sent)
        query = {name: value for name, value in sent.query.items() if name != parameter}
        return forward(replace(sent, query=query))

    return run


def deaf(header: str, methods: str = "PUT POST DELETE") -> Break:
    """Ignores a header of documents."""

    def run(sent: Sent, forward: Forward) -> Response:
        if sent.method not in methods.split() or sent.path == STATEMENTS:
            return forward(sent)
        headers = {name: value for name, value in sent.headers.items() if name != header}
        return forward(replace(sent, headers=headers))

    return run


def tells(header: str, change: Callable[[str], str | None], methods: str = "GET", path: str = "") -> Break:
    """Changes a header of the answers; None takes it away."""

    def run(sent: Sent, forward: Forward) -> Response:
        came = forward(sent)
        name = header.lower()
        if not sent.to(methods, path) or name not in came.headers:
            return came
        value = change(came.headers[name])
        rest = {key: old for key, old in came.headers.items() if key != name}
        return replace(came, headers=rest if value is None else {**rest, name: value})

    return run


def shows(path: str, change: Callable[[Any], Any], methods: str = "GET") -> Break:
    """Changes the JSON of good answers."""

    def run(sent: Sent, forward: Forward) -> Response:
        came = forward(sent)
        if came.status != 200 or not sent.to(methods, path) or not came.body:
            return came
        try:
            value = json.loads(came.body)
        except ValueError:
            return came
        return replace(came, body=json.dumps(change(value)).encode())

    return run


def each_statement(change: Callable[[dict[str, Any]], Any]) -> Break:
    """Changes every statement that is shown."""

    def edit(value: Any) -> Any:
        if isinstance(value, dict) and "statements" in value:
            return {**value, "statements": [change(each) for each in value["statements"]]}
        return change(value) if isinstance(value, dict) else value

    return shows(STATEMENTS, edit)


def listed(change: Callable[[list[Any]], list[Any]]) -> Break:
    """Changes the list of statements of a page."""

    def edit(value: Any) -> Any:
        if isinstance(value, dict) and "statements" in value:
            return {**value, "statements": change(value["statements"])}
        return value

    return shows(STATEMENTS, edit)


def answers(status: int, instead: int, methods: str, path: str = "") -> Break:
    """Answers with another status."""

    def run(sent: Sent, forward: Forward) -> Response:
        came = forward(sent)
        return replace(came, status=instead) if came.status == status and sent.to(methods, path) else came

    return run


def refuses(methods: str, path: str, status: int = 405) -> Break:
    """Does not take a method."""

    def run(sent: Sent, forward: Forward) -> Response:
        return Response(status, {}, b"no") if sent.to(methods, path) else forward(sent)

    return run


def sends(change: Callable[[Sent], Sent], methods: str, path: str = "") -> Break:
    """Understands a request as another one."""

    def run(sent: Sent, forward: Forward) -> Response:
        return forward(change(sent) if sent.to(methods, path) else sent)

    return run
