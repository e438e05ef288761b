"""Language tags as RFC 5646 section 2.1 writes them: well-formed, and nothing in them twice."""

import re
from functools import lru_cache

LONGEST_TAG = 100  # the longest that the registry knows has 35 characters

_IRREGULAR = (
    "en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu "
    "sgn-be-fr sgn-be-nl sgn-ch-de art-lojban cel-gaulish no-bok no-nyn zh-guoyu zh-hakka zh-min zh-min-nan zh-xiang"
)
_GRANDFATHERED = frozenset(_IRREGULAR.split())

_TAG = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"  # language, with extended languages
    r"(?:-[a-z]{4})?"  # script
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"  # region
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
    r"(?P<extensions>(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*)"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
)


@lru_cache(maxsize=1024)
def _is_tag(text: str) -> bool:
    lower = text.lower()
    if lower in _GRANDFATHERED:
        return True
    match = _TAG.fullmatch(lower) if lower.isascii() else None
    if match is None:
        return False
    variants = (match["variants"] or "").split("-")
    singletons = [part for part in (match["extensions"] or "").split("-") if len(part) == 1]
    return len(set(variants)) == len(variants) and len(set(singletons)) == len(singletons)


def is_language_tag(value: object) -> bool:
    """Whether it is a well-formed tag without a repeated variant or extension; not whether the registry knows it."""
    return isinstance(value, str) and len(value) <= LONGEST_TAG and _is_tag(value)
