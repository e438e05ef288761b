"""Whether a change of a document may happen: entity tags, and what each version of xAPI demands without them.

Sources: xAPI 1.0.3 Communication 3.1; IEEE 9274.1.1 4.1.4; RFC 9110 13.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import AlreadyExists, Invalid, PreconditionFailed
from chalicelib.lrs.versions import V1, XapiVersion
from chalicelib.ports.documents import DocumentService

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')  # many clients leave the quotes out


class DocumentExists(AlreadyExists):
    """A PUT without condition over what is there; answered with 409."""

    def __init__(self, name: str) -> None:
        super().__init__("Document", name)
        self.args = (
            f"Document {name} exists already and was not changed: read its current state, and send its ETag as "
            "If-Match to replace it.",
        )


@dataclass(frozen=True)
class Tags:
    """The entity tags of a header, without quotes; `any` for `*`."""

    listed: frozenset[str] = frozenset()
    any: bool = False

    def match(self, etag: str) -> bool:
        """Whether a document as it is (empty: there is none) is one of those meant."""
        return bool(etag) and (self.any or etag in self.listed)


@dataclass(frozen=True)
class Conditions:
    """The headers If-Match and If-None-Match of a request; None: not sent."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None

    @property
    def given(self) -> bool:
        """Whether the request has either header."""
        return self.if_match is not None or self.if_none_match is not None

    def hold(self, etag: str) -> bool:
        """Whether the request may change a document as it is; empty: there is none."""
        if self.if_match is not None and not self.if_match.match(etag):
            return False
        return self.if_none_match is None or not self.if_none_match.match(etag)


def conditions_of(headers: Mapping[str, str]) -> Conditions:
    """The conditions of a request; header names in lower case."""
    return Conditions(_tags(headers.get("if-match")), _tags(headers.get("if-none-match")))


def check(conditions: Conditions, etag: str) -> None:
    """Raises `PreconditionFailed` where the conditions do not hold for a document as it is; empty: there is none."""
    if conditions.hold(etag):
        return
    state = f'its ETag is "{etag}"' if etag else "it does not exist"
    raise PreconditionFailed(
        f"The document is not as If-Match or If-None-Match demands: {state}; nothing was changed. Read it again."
    )


def check_put(
    conditions: Conditions, etag: str, service: DocumentService, version: XapiVersion, name: str
) -> None:
    """The same for a PUT, which may not overwrite what its sender perhaps has not seen.

    Raises `PreconditionFailed`, `DocumentExists`, `Invalid`: in 1.0.3 a PUT of a profile needs a condition always, and
    a PUT of a state never.
    """
    check(conditions, etag)
    if conditions.given or (version == V1 and service == "states"):
        return
    if etag:
        raise DocumentExists(name)
    if version == V1:
        raise Invalid({"If-Match": ["A PUT of a profile needs If-Match, or If-None-Match: * for a new one."]})


def _tags(header: str | None) -> Tags | None:
    if header is None:
        return None
    if header.strip() == "*":
        return Tags(any=True)
    return Tags(frozenset(quoted or plain for quoted, plain in _TAG.findall(header)))
