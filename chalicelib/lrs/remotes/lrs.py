"""Another learning record store over the standard API: statements, with the bytes of their attachments.

Sources: xAPI 1.0.3 Communication 1.5.2, 2.1.3, 3.1 (Consistent-Through); IEEE 9274.1.1 4.1.6.1.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urlencode, urlsplit

from chalicelib.errors import Unavailable
from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs import multipart, strict_json
from chalicelib.lrs.remotes.following import PART, further, path_of
from chalicelib.lrs.remotes.records import NUL, short, stored_of
from chalicelib.lrs.remotes.shape import MOST_VALUES, Item, Json, Remote, RemotePage, Target
from chalicelib.lrs.statements.parts import parts as parts_of
from chalicelib.lrs.validation.data_types import parse_timestamp
from chalicelib.lrs.versions import V1, V2, XapiVersion, understood
from chalicelib.ports.outgoing import AnswerTooLarge, Outgoing, OutgoingRefused, Request, Response
from chalicelib.times import written

SMALLER = (100, 10, 1)  # statements of a page, the fewer the larger they are
AT_ONCE = 1  # microsecond: others may have the time of the last one seen, and `since` leaves it out
# A function behind a gateway takes 6 MB, in which bytes stand as base64; others take more.
REQUEST_BYTES = 3_000_000
CONSISTENT_THROUGH = "x-experience-api-consistent-through"
OVERLAP = (
    60_000_000  # microseconds that are read again of a store which does not say what it is consistent through
)
LATER = frozenset((408, 425, 429))
NOT_ONE_STATEMENT = frozenset((401, 403, 404, 405, 406, 415))
SET_BY_A_STORE = ("stored", "authority")
IDENTIFYING = ("mbox", "mbox_sha1sum", "openid", "name")


class _TooLarge(RunFailed):
    """An answer is larger than one may be: fewer statements are to be asked for."""


class RemoteLrs(Remote):
    """Another record store; `endpoint` is what its statements resource hangs on."""

    def __init__(self, outgoing: Outgoing, endpoint: str, username: str, password: str) -> None:
        self._outgoing, self._endpoint = outgoing, endpoint.rstrip("/")
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._authorization = f"Basic {login}"
        self._secrets = [each for each in (login, password) if each]

    def page(self, service: str, store: str, position: Json | None, cutoff: int) -> RemotePage:
        begun = position if position is not None and "more" in position else None
        answer = self._answer(position, cutoff)
        result, contents = _result(answer)
        statements = result.get("statements")
        more = result.get("more") or ""
        if not isinstance(statements, list) or not isinstance(more, str):
            raise RunFailed(f"{PART} answered a query with something else than statements.")
        upto = _consistent(answer, cutoff) if begun is None else int(str(begun["upto"]))
        items = [_item(each, contents) for each in statements]
        if not more:
            return RemotePage(items, {"since": upto}, True)
        way = further(begun or {}, path_of(more, self._endpoint), bool(items))
        seen = stored_of(items[-1]) if items else (begun or {}).get("seen")
        return RemotePage(items, {**way, "upto": upto, **({} if seen is None else {"seen": seen})}, False)

    def _answer(self, position: Json | None, cutoff: int) -> Response:
        """The page at a position; of statements that are too large for one answer, fewer are asked for.

        A page that another named cannot be made smaller: what follows the last statement seen is asked for anew.
        """
        begun: Json = position or {}
        if "more" in begun:
            try:
                return self._get(str(begun["more"]))
            except _TooLarge:
                if "seen" not in begun:
                    raise
            position = {"since": int(str(begun["seen"])) - AT_ONCE}
        for limit in SMALLER:
            try:
                return self._get(self._first(position, cutoff, limit))
            except _TooLarge:
                continue
        raise RunFailed(
            f"A statement of {PART.lower()}, with its attachments, is larger than an answer may be."
        )

    def write(self, target: Target, number: int, items: Sequence[Item]) -> list[str]:
        failed: list[str] = []
        waiting = _batches(items)
        while waiting:
            batch = waiting.pop(0)
            answer = self._post(batch)
            if answer.status < 300:
                continue
            if len(batch) == 1:
                failed.append(
                    f"{batch[0].name} was refused there with status {answer.status}"
                    f"{self._said(answer, _identifying(batch[0]))}."
                )
            else:
                half = len(batch) // 2
                waiting[:0] = [batch[:half], batch[half:]]
        return failed

    def end(self, target: Target, pages: int) -> None:
        return None

    def _first(self, position: Json | None, cutoff: int, limit: int) -> str:
        query = {
            "ascending": "true",
            "attachments": "true",
            "limit": str(limit),
            "until": written(cutoff),
        }
        if position is not None and "since" in position:
            query["since"] = written(int(str(position["since"])))
        return f"{urlsplit(self._endpoint).path}/statements?{urlencode(query)}"

    def _get(self, path: str) -> Response:
        parts = urlsplit(self._endpoint)
        # What `more` names hangs on the same host: the password goes nowhere else.
        answer = self._send("GET", f"{parts.scheme}://{parts.netloc}{path}", self._version)
        if answer.status != 200:
            raise RunFailed(f"{PART} answered a query with status {answer.status}{self._said(answer)}.")
        return answer

    def _post(self, items: Sequence[Item]) -> Response:
        statements = [
            {name: part for name, part in item.value.items() if name not in SET_BY_A_STORE} for item in items
        ]
        body = json.dumps(statements, ensure_ascii=False, separators=(",", ":")).encode()
        contents = {sha256: content for item in items for sha256, content in item.contents.items()}
        kind = "application/json"
        if contents:
            parts = [multipart.Part({"Content-Type": kind}, body), *_parts(contents, items)]
            boundary = multipart.new_boundary(parts)
            body, kind = multipart.write(parts, boundary), f"multipart/mixed; boundary={boundary}"
        url = f"{self._endpoint}/statements"
        answer = self._send("POST", url, self._version_of(items[0]), body, kind)
        if answer.status in NOT_ONE_STATEMENT:
            raise RunFailed(
                f"{PART} refuses to take statements with status {answer.status}{self._said(answer)}; "
                "look at its address, user name, password and permissions."
            )
        return answer

    def _version_of(self, item: Item) -> XapiVersion:
        return V1 if version_of(item.value) == V1 and V1 in self._versions else self._version

    def _send(
        self, method: str, url: str, version: str, body: bytes | None = None, kind: str = ""
    ) -> Response:
        headers = {"Authorization": self._authorization, "Accept": "*/*"}
        if version:
            headers["X-Experience-API-Version"] = version
        if kind:
            headers["Content-Type"] = kind
        try:
            answer = self._outgoing.exchange(Request(method, url, headers, body))
        except AnswerTooLarge as refused:
            raise _TooLarge(f"{PART} cannot be used: {refused}") from None
        except OutgoingRefused as refused:
            raise RunFailed(f"{PART} cannot be used: {refused}") from None
        if answer.status >= 500 or answer.status in LATER:
            raise Unavailable(PART, f"status {answer.status}")
        return answer

    def _said(self, answer: Response, hidden: Sequence[str] = ()) -> str:
        """What the other place says of a refusal, in short; what it repeats of secrets, and of people, is left out."""
        text = answer.body[:4000].decode(errors="replace")
        for each in (*self._secrets, *hidden):
            text = text.replace(each, "…")
        shown = "".join(each for each in " ".join(text.split()) if each.isprintable())[:200].rstrip(". ")
        return f": {shown}" if shown else ""

    @cached_property
    def _version(self) -> XapiVersion:
        """The version that queries are sent in: 2.0 where it is spoken there, for it shows every statement."""
        return V2 if V2 in self._versions else V1

    @cached_property
    def _versions(self) -> frozenset[XapiVersion]:
        answer = self._send("GET", f"{self._endpoint}/about", "")
        try:
            about = (
                strict_json.parse_bytes(answer.body, most_values=MOST_VALUES)
                if answer.status == 200
                else None
            )
        except strict_json.InvalidJson:
            about = None
        listed = about.get("version") if isinstance(about, dict) else None
        if not isinstance(listed, list):
            raise RunFailed(
                f"There is no learning record store at the address of the connection: its about resource "
                f"answered with status {answer.status} and names no versions of xAPI."
            )
        found = frozenset(version for each in listed if (version := understood(str(each))) is not None)
        if not found:
            raise RunFailed(f"{PART} speaks neither xAPI 1.0 nor 2.0.")
        return found


def version_of(statement: Json) -> XapiVersion:
    """The version of xAPI by which a statement that was stored elsewhere is checked: 1.0.3 where it says none."""
    said = statement.get("version")
    return (understood(said) if isinstance(said, str) else None) or V1


def hashes_in(statement: Json) -> dict[str, str]:
    """SHA-256 (in lower case) → content type of the attachments of a statement and of its SubStatement."""
    inner = statement.get("object")
    found: dict[str, str] = {}
    for each in (statement, inner if isinstance(inner, dict) else {}):
        listed = each.get("attachments")
        for attachment in listed if isinstance(listed, list) else ():
            if isinstance(attachment, dict) and isinstance(attachment.get("sha2"), str):
                found.setdefault(attachment["sha2"].lower(), str(attachment.get("contentType", "")))
    return found


def _result(answer: Response) -> tuple[Mapping[str, object], Mapping[str, bytes]]:
    """The StatementResult of an answer, and the bytes that came along."""
    try:
        kind, parameters = multipart.media_type(answer.headers.get("content-type", "application/json"))
        parts = [multipart.Part({}, answer.body)]
        if kind == "multipart/mixed":
            parts = multipart.parse(answer.body, multipart.boundary_of(parameters))
        result = strict_json.parse_bytes(parts[0].content, most_values=MOST_VALUES)
    except (multipart.InvalidMultipart, strict_json.InvalidJson) as error:
        raise RunFailed(f"The answer of the other learning record store cannot be read: {error}") from None
    contents = {hashlib.sha256(part.content).hexdigest(): part.content for part in parts[1:]}
    return result if isinstance(result, dict) else {}, contents


def _item(statement: object, contents: Mapping[str, bytes]) -> Item:
    if not isinstance(statement, dict):
        return Item("A statement", fault="is no JSON object.")
    name = f"Statement {short(statement.get('id'))}"
    if strict_json.holds_nul(statement):
        return Item(name, fault=NUL)
    own = {sha256: contents[sha256] for sha256 in hashes_in(statement) if sha256 in contents}
    return Item(name, statement, contents=own)


def _consistent(answer: Response, cutoff: int) -> int:
    """Up to when the answer lacks nothing, in microseconds; what is beyond comes again with the next run."""
    told = parse_timestamp(answer.headers.get(CONSISTENT_THROUGH, ""), V1)
    return min(cutoff, cutoff - OVERLAP if told is None else told)


def _batches(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items as they go into requests: of one version each, and not too large."""
    batches: list[list[Item]] = []
    size, version = 0, ""
    for item in items:
        own = len(json.dumps(item.value)) + sum(map(len, item.contents.values()))
        if not batches or size + own > REQUEST_BYTES or version_of(item.value) != version:
            batches.append([])
            size, version = 0, version_of(item.value)
        batches[-1].append(item)
        size += own
    return list(batches)


def _parts(contents: Mapping[str, bytes], items: Sequence[Item]) -> list[multipart.Part]:
    types = {sha256: kind for item in items for sha256, kind in hashes_in(item.value).items()}
    return [
        multipart.Part(
            {
                "Content-Type": types.get(sha256) or "application/octet-stream",
                "Content-Transfer-Encoding": "binary",
                "X-Experience-API-Hash": sha256,
            },
            content,
        )
        for sha256, content in contents.items()
    ]


def _identifying(item: Item) -> list[str]:
    """The texts by which a statement tells of someone, the longest first."""
    found: set[str] = set()
    for part in parts_of(item.value).agents:
        account = part.value.get("account")
        for each in (part.value, account if isinstance(account, Mapping) else {}):
            found |= {text for name in IDENTIFYING if isinstance(text := each.get(name), str) and text}
    found |= {text.removeprefix("mailto:") for text in found}
    return sorted(found, key=len, reverse=True)
