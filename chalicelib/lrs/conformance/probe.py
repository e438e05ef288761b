"""What a check holds in its hand: requests to the store under test, and things marked by the run."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
from uuid import UUID, uuid5

from chalicelib.lrs.conformance import samples
from chalicelib.lrs.conformance.exchange import Answer, Failed, NoAnswer, Response, Transport, shown
from chalicelib.lrs.versions import XapiVersion

MOST_REQUESTS = 120  # of one check
MOST_PAGES = 20
VERSION = "X-Experience-API-Version"
CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
JSON = "application/json"
_NAMESPACE = UUID("6d1f8f0e-6a3a-5c0e-9d0b-0d6a4f5b7c11")

Headers = Mapping[str, str | None]


def run_mark(run_id: str) -> str:
    """The registration that statements of a run carry, by which they are found again."""
    return str(uuid5(_NAMESPACE, f"run {run_id}"))


def run_activity(run_id: str) -> str:
    """The activity that statements of a run carry as `grouping`, where they have another registration."""
    return f"{samples.HOME}/{run_id}"


class Probe:
    """One check's way to one store. Whatever it makes has a derived id, so that a check can be repeated."""

    def __init__(self, transport: Transport, version: XapiVersion, run_id: str, check_id: str) -> None:
        self.version, self.run_id, self.check_id = version, run_id, check_id
        self._transport = transport
        self._requests = 0
        self.last_sent = "none"
        self._documents: list[tuple[str, dict[str, str]]] = []

    # What the check makes.

    def uuid(self, label: object = "") -> str:
        """A UUID of this check of this run."""
        return str(uuid5(_NAMESPACE, f"{self.run_id} {self.check_id} {label}"))

    @property
    def mark(self) -> str:
        """The registration of the run."""
        return run_mark(self.run_id)

    def iri(self, label: object = "") -> str:
        """An IRI of this check of this run."""
        return f"{samples.HOME}/{self.run_id}/{self.check_id}/{label}"

    def agent(self, label: object = "") -> dict[str, Any]:
        """An Agent that no other check uses."""
        name = f"{self.check_id} {label}".strip()
        return {
            "objectType": "Agent",
            "account": {"homePage": f"{samples.HOME}/{self.run_id}", "name": name},
        }

    def context(self, **changes: Any) -> dict[str, Any]:
        """A context with the marks of the run."""
        grouping = [{"objectType": "Activity", "id": run_activity(self.run_id)}]
        return {"registration": self.mark, "contextActivities": {"grouping": grouping}, **changes}

    def statement(self, label: object = "", **changes: Any) -> dict[str, Any]:
        """A small valid statement of this check with an id; None as value takes a property away."""
        made = {
            "id": self.uuid(label),
            "actor": self.agent(),
            "verb": {"id": f"{samples.HOME}/verbs/tested"},
            "object": {"objectType": "Activity", "id": self.iri("activity")},
            "context": self.context(),
            "timestamp": samples.TIMESTAMP,
            **changes,
        }
        return {name: value for name, value in made.items() if value is not None}

    def rich(self, label: object = "") -> dict[str, Any]:
        """A valid statement with nearly every property."""
        made = samples.rich(self.iri("activity"))
        activities = {**self.context()["contextActivities"], **made["context"]["contextActivities"]}
        context = {**made["context"], "registration": self.mark, "contextActivities": activities}
        return {**made, "id": self.uuid(label), "actor": self.agent(), "context": context}

    def voiding(self, target: str, label: object = "") -> dict[str, Any]:
        """A statement that voids another one."""
        return self.statement(
            f"voiding {label}",
            verb={"id": samples.VOIDED},
            object={"objectType": "StatementRef", "id": target},
        )

    # What it sends.

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Headers | None = None,
    ) -> Answer:
        """One request. `body`: bytes, or a value that becomes JSON; a header that is None is left out."""
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise Failed(f"The check gave up after {MOST_REQUESTS} requests.")
        raw = body if isinstance(body, bytes | None) else json.dumps(body, ensure_ascii=False).encode()
        sent: dict[str, str | None] = {VERSION: self.version}
        if raw is not None:
            sent["Content-Type"] = JSON
        given = {name: value for name, value in {**sent, **(headers or {})}.items() if value is not None}
        self.last_sent = _words(method, path, query, raw, headers)
        return Answer(self.last_sent, self._transport.request(method, path, query or {}, given, raw))

    def get(
        self, path: str, query: Mapping[str, str] | None = None, headers: Headers | None = None
    ) -> Answer:
        """One GET."""
        return self.call("GET", path, query, None, headers)

    def post(self, body: object, headers: Headers | None = None) -> Answer:
        """One POST to the Statement Resource."""
        return self.call("POST", "/statements", None, body, headers)

    def put(self, statement_id: str, body: object, headers: Headers | None = None) -> Answer:
        """One PUT to the Statement Resource."""
        return self.call("PUT", "/statements", {"statementId": statement_id}, body, headers)

    def record(self, *statements: Mapping[str, Any]) -> Answer:
        """Records statements, which must succeed."""
        answer = self.post(list(statements)).expect(200, because="these statements are valid")
        ids = [each["id"] for each in statements]
        answer.must(answer.json == ids, f"the ids of the statements in their order, {shown(ids)}")
        return answer

    def stored(self, statement_id: str, **query: str) -> Any:
        """A statement as the store shows it, which it must."""
        answer = self.get("/statements", {"statementId": statement_id, **query})
        found = answer.expect(200, because="this statement was recorded").json
        answer.must(
            isinstance(found, dict) and found.get("id") == statement_id, f"the statement {statement_id}"
        )
        return found

    def page(self, query: Mapping[str, str], headers: Headers | None = None) -> Answer:
        """The first page of a query, which must be a StatementResult."""
        return _result(self.get("/statements", query, headers))

    def more(self, answer: Answer) -> Answer | None:
        """The page after this one; None: there is none."""
        more = answer.json.get("more")
        if not more:
            return None
        base = f"{self._transport.endpoint}/statements"
        address = urljoin(base, more)
        answer.must(urlsplit(address)[:2] == urlsplit(base)[:2], "`more` on the host of the store", str(more))
        parts = urlsplit(address)
        path, _, _ = address.partition("?")
        if path.startswith(f"{self._transport.endpoint}/"):
            path = path.removeprefix(self._transport.endpoint)
        return _result(self.get(path, dict(parse_qsl(parts.query, keep_blank_values=True))))

    def found(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """All statements of a query, page by page."""
        page: Answer | None = self.page(query)
        statements: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            if page is None:
                break
            statements += page.json["statements"]
            page = self.more(page)
        return statements

    def ids(self, query: Mapping[str, str]) -> list[str]:
        """The ids of all statements of a query, in the order in which they come."""
        return [str(each.get("id")) for each in self.found(query)]

    # What is taken away again.

    def keep_clean(self, path: str, query: Mapping[str, str]) -> None:
        """Deletes a document now, left by an earlier try, and again when the check has ended."""
        self._documents.append((path, dict(query)))
        self._delete(path, query)

    def tidy(self) -> None:
        """Deletes the documents of the check, as far as the store lets it."""
        with suppress(NoAnswer):
            for path, query in self._documents:
                self._delete(path, query)

    def _delete(self, path: str, query: Mapping[str, str]) -> Response:
        sent = {VERSION: self.version}
        held = self._transport.request("GET", path, query, sent, None)
        if held.status == 404:
            return held
        tag = held.headers.get("etag", "")
        match = {"If-Match": tag} if tag else {}
        return self._transport.request("DELETE", path, query, {**sent, **match}, None)


def _result(answer: Answer) -> Answer:
    answer.expect(200)
    found = answer.json
    answer.must(
        isinstance(found, dict) and isinstance(found.get("statements"), list),
        "an object with the list `statements`",
    )
    return answer


def _words(
    method: str, path: str, query: Mapping[str, str] | None, body: bytes | None, headers: Headers | None
) -> str:
    """A request for a person, without what may be secret."""
    text = f"{method} {path}"
    if query:
        text += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    named = {name: value for name, value in (headers or {}).items() if name.lower() != "authorization"}
    if named:
        listed = (f"{name}: {value}" if value is not None else f"no {name}" for name, value in named.items())
        text += f" [{', '.join(listed)}]"
    if body is not None:
        text += f" with {shown(body)}" if body else " with an empty body"
    return text


def statement_ids(statements: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of statements."""
    return [str(each["id"]) for each in statements]
