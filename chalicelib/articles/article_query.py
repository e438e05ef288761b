"""Reading what a client asks of the articles: the parameters of a list, the filter of an export."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from chalicelib.articles.document import BadValue, Faults, is_feature, read_value, strip_quotes
from chalicelib.errors import Invalid
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.article_words import words_asked

TEXT = "q"
UPDATED_SINCE = "updated_since"
NUMBER = "F_1"
MOST_CHARACTERS = 500
MOST_WORDS = 20
MOST_VALUES = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def read_query(fields: Mapping[str, object]) -> ArticleQuery:
    """The query in the words of the API: `q`, `updated_since`, and for each `F_<int>` or `C_<int>` a value or several.

    It reads what `ArticleQuery.to_json` writes. Raises `Invalid` with all faults by field, unknown ones among them.
    """
    query, faults = query_and_faults(fields)
    if faults:
        raise Invalid(faults)
    return query


def query_and_faults(fields: Mapping[str, object]) -> tuple[ArticleQuery, Faults]:
    """As `read_query`, for a caller that has more to check: the query is of use only where there are no faults."""
    faults: Faults = {}
    text, since = "", None
    values: dict[str, tuple[str, ...]] = {}
    for name, value in fields.items():
        try:
            if name == TEXT:
                text = _text(value)
            elif name == UPDATED_SINCE:
                since = _time(value)
            elif is_feature(name):
                values[name] = _values(name, value)
            else:
                raise _Bad("is not known here")
        except _Bad as bad:
            faults[name] = [f"The {name} field {bad}."]
    if sum(map(len, values.values())) > MOST_VALUES:
        faults.setdefault(next(iter(values)), []).append(
            f"More than {MOST_VALUES} values are asked for in all fields together."
        )
    return ArticleQuery(text, values, since), faults


class _Bad(ValueError):
    """What is wrong with a field, without its name."""


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Bad("must be a string")
    text = value.strip()
    if len(text) > MOST_CHARACTERS:
        raise _Bad(f"is longer than {MOST_CHARACTERS} characters")
    try:
        found = words_asked(read_value(text))
    except BadValue as bad:
        raise _Bad(str(bad)) from None
    if text and not found:
        raise _Bad("holds no word: send letters or digits to look for")
    if len(found) > MOST_WORDS:
        raise _Bad(f"holds more than {MOST_WORDS} words")
    return text


def _values(key: str, value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise _Bad("holds no value")
    texts = []
    for each in listed:
        try:
            text = read_value(each)
        except BadValue as bad:
            raise _Bad(str(bad)) from None
        texts.append(strip_quotes(text) if key == NUMBER else text)
    return tuple(sorted(set(texts)))


def _time(value: object) -> float:
    bad = _Bad("must be a time of RFC 3339, as 2026-11-22T05:16:35Z (in an address, a + is written %2B)")
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise bad
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)  # overflows beyond the years 1 to 9999
        # downwards: a time between two milliseconds leaves out nothing that was written after it
        return ((moment - _EPOCH) // timedelta(milliseconds=1)) / 1000
    except (ValueError, OverflowError):
        raise bad from None
