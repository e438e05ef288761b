"""Entity tags of articles, and what a call demands by If-Match and If-None-Match. Source: RFC 9110, 8.8.3 and 13.1."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import PreconditionFailed
from chalicelib.ports.article_store import Version
from chalicelib.web.refusals import Refusal

_TAG = re.compile(r'[ \t,]*(W/)?"([^"\x00-\x20\x7f]*)"[ \t]*(?=,|$)')


class MalformedCondition(Refusal):
    """If-Match or If-None-Match is no list of entity tags; answered with 400."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'The header {name} must be * or a list of entity tags in double quotes, as in "1-2f".'
        )


@dataclass(frozen=True)
class Tags:
    """The entity tags of a header, without quotes; `any` for `*`."""

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    any: bool = False


@dataclass(frozen=True)
class Preconditions:
    """The two headers of a call; None: not sent."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None

    def check(self, version: Version | None) -> None:
        """Raises `PreconditionFailed` where the article as it is (None: there is none) must not be changed."""
        if not self._matches(version):
            raise _failed("If-Match", version)
        if not self._differs(version):
            raise _failed("If-None-Match", version)

    def spare(self, version: Version | None) -> bool:
        """Whether a reader has this version already, and needs no body. Raises `PreconditionFailed` (If-Match)."""
        if not self._matches(version):
            raise _failed("If-Match", version)
        return not self._differs(version)

    def _matches(self, version: Version | None) -> bool:
        """If-Match: a weak tag matches nothing, since it does not say that two versions are the same."""
        tags = self.if_match
        return tags is None or (version is not None and (tags.any or _tag(version) in tags.strong))

    def _differs(self, version: Version | None) -> bool:
        """If-None-Match: a weak tag means the version too."""
        tags = self.if_none_match
        if tags is None or version is None:
            return True
        return not (tags.any or _tag(version) in tags.strong | tags.weak)


def etag(version: Version) -> str:
    """The header ETag of an article in this version: strong, and opaque to clients."""
    return f'"{_tag(version)}"'


def preconditions_of(headers: Mapping[str, str]) -> Preconditions:
    """What a call demands; header names in lower case. Raises `MalformedCondition`."""
    return Preconditions(_read("If-Match", headers), _read("If-None-Match", headers))


def _tag(version: Version) -> str:
    return f"{version.primary_term:x}-{version.seq_no:x}"


def _failed(header: str, version: Version | None) -> PreconditionFailed:
    state = "does not exist" if version is None else f"has the ETag {etag(version)}"
    return PreconditionFailed(
        f"{header} does not hold: the article {state}. Nothing was changed; read it again."
    )


def _read(name: str, headers: Mapping[str, str]) -> Tags | None:
    header = headers.get(name.lower())
    if header is None:
        return None
    text = header.strip()
    if text == "*":
        return Tags(any=True)
    found: dict[bool, set[str]] = {True: set(), False: set()}
    place = 0
    while tag := _TAG.match(text, place):
        found[tag[1] is not None].add(tag[2])
        place = tag.end()
    if text[place:].strip(" \t,") or not (found[True] or found[False]):
        raise MalformedCondition(name)
    return Tags(frozenset(found[False]), frozenset(found[True]))
