"""Values of articles, which are text, read as what a column holds, and written as its file spells them.

In between stands one spelling of each type: `-1248.50`, `17`, `2022-06-20`, `2022-06-20T08:15:00.000Z`, `true`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from chalicelib.articles.export.mapping import Column, ValueForm

Convert = Callable[[str], str]

DIGITS = 18
"""Digits of a number at most: what a BigInteger and a Decimal of Navision hold."""
_SHOWN = 60  # characters of a value in a fault
_DATE_PARTS = {"DD": "(?P<day>[0-9]{2})", "MM": "(?P<month>[0-9]{2})", "YYYY": "(?P<year>[0-9]{4})"}
_DATE_FORM = re.compile(r"(DD|MM|YYYY)([-/. ]?)(DD|MM|YYYY)([-/. ]?)(DD|MM|YYYY)")


class Unwritable(Exception):
    """A value that a column cannot hold: `reason` is one of the reasons of failed rows, the text a sentence."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


def is_date_form(form: str) -> bool:
    """Whether a text says how dates are written: DD, MM and YYYY once each, with at most one sign between them."""
    found = _DATE_FORM.fullmatch(form)
    return found is not None and {found[1], found[3], found[5]} == set(_DATE_PARTS)


def shown(value: str) -> str:
    """A value as a fault shows it: quoted, and cut where it is long."""
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")


def reader_of(column: Column) -> Convert:
    """Reads a stored value into the one spelling of its type. What it returns raises `Unwritable`."""
    return {
        "text": _text,
        "integer": _integer,
        "decimal": _decimal,
        "date": _date,
        "datetime": _as_it_is,
        "boolean": _boolean,
    }[column.type](column)


def speller_of(column: Column) -> Convert:
    """Writes a value in the one spelling of its type as the column spells it."""
    form = column.write
    if column.type == "decimal":
        return lambda text: text.replace(".", form.decimal_sign)
    if column.type == "date":
        pattern = form.date.replace("YYYY", "{0}").replace("MM", "{1}").replace("DD", "{2}")
        return lambda text: pattern.format(*text.split("-"))
    if column.type == "boolean":
        words = {"true": form.true[0], "false": form.false[0]}
        return words.__getitem__
    return _same


def datetime_text(seconds: float) -> str:
    """A time (seconds since 1970) in the one spelling of its type, UTC."""
    time = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _same(text: str) -> str:
    return text


def _as_it_is(column: Column) -> Convert:
    return _same


def _text(column: Column) -> Convert:
    longest = column.max_length
    if longest is None:
        return _same

    def read(text: str) -> str:
        if 2 * len(text) > longest and length_of(text) > longest:
            raise Unwritable("too-long", f"has {length_of(text)} characters, more than {longest}")
        return text

    return read


def length_of(text: str) -> int:
    """Its length as Navision counts: in units of UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _integer(column: Column) -> Convert:
    number = re.compile(_whole_pattern(column.read))
    group = column.read.group_sign

    def read(text: str) -> str:
        if number.fullmatch(text) is None:
            raise Unwritable("unconvertible", f"{shown(text)} is no integer")
        return _bounded(text, _trimmed(text.replace(group, "") if group else text))

    return read


def _decimal(column: Column) -> Convert:
    form, places = column.read, column.places
    number = re.compile(rf"({_whole_pattern(form)})(?:{re.escape(form.decimal_sign)}([0-9]+))?")
    group = form.group_sign

    def read(text: str) -> str:
        found = number.fullmatch(text)
        if found is None:
            raise Unwritable("unconvertible", f"{shown(text)} is no decimal")
        whole, fraction = found[1], found[2] or ""
        whole = _trimmed(whole.replace(group, "") if group else whole)
        if places is not None:
            if fraction[places:].strip("0"):
                raise Unwritable(
                    "unconvertible", f"{shown(text)} has more than {places} digits behind the sign"
                )
            fraction = fraction[:places].ljust(places, "0")
        return _bounded(text, f"{whole}.{fraction}" if fraction else whole)

    return read


def _whole_pattern(form: ValueForm) -> str:
    if not form.group_sign:
        return "-?[0-9]+"
    return rf"-?(?:[0-9]+|[0-9]{{1,3}}(?:{re.escape(form.group_sign)}[0-9]{{3}})+)"


def _trimmed(whole: str) -> str:
    """A whole number without leading zeros."""
    if whole[0] == "-":
        return f"-{whole[1:].lstrip('0') or '0'}"
    return whole if whole[0] != "0" else whole.lstrip("0") or "0"


def _bounded(text: str, number: str) -> str:
    if len(number) > DIGITS and sum(map(str.isdigit, number)) > DIGITS:
        raise Unwritable("unconvertible", f"{shown(text)} has more than {DIGITS} digits")
    return number


def _date(column: Column) -> Convert:
    pattern = re.escape(column.read.date)
    for part, group in _DATE_PARTS.items():
        pattern = pattern.replace(part, group)
    date = re.compile(pattern)
    form = column.read.date

    def read(text: str) -> str:
        found = date.fullmatch(text)
        if found is None:
            raise Unwritable("unconvertible", f"{shown(text)} is no date of the form {form}")
        year, month, day = found["year"], found["month"], found["day"]
        try:
            datetime.date(int(year), int(month), int(day))
        except ValueError:
            raise Unwritable("unconvertible", f"{shown(text)} is no day of the calendar") from None
        return f"{year}-{month}-{day}"

    return read


def _boolean(column: Column) -> Convert:
    words = dict.fromkeys(column.read.true, "true") | dict.fromkeys(column.read.false, "false")

    def read(text: str) -> str:
        try:
            return words[text]
        except KeyError:
            raise Unwritable(
                "unconvertible", f"{shown(text)} is none of the words for true and false"
            ) from None

    return read
