"""Values that are converted: decimals and dates against the decimals and dates of Python."""

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles.export.conversion import (
    DIGITS,
    Unwritable,
    datetime_text,
    is_date_form,
    length_of,
    reader_of,
    speller_of,
)
from chalicelib.articles.export.mapping import Column
from tests.doubles.export_articles import mapping_of

SIGNS = st.sampled_from([(",", "."), (".", ","), (",", ""), (".", "'"), (",", " "), (",", "\u00a0")])
DATE_FORMS = {
    "DD/MM/YYYY": "%d/%m/%Y",
    "YYYY-MM-DD": "%Y-%m-%d",
    "MM.DD.YYYY": "%m.%d.%Y",
    "YYYYMMDD": "%Y%m%d",
}


def column(
    kind: str, *, signs: tuple[str, str] = (",", "."), date: str = "DD/MM/YYYY", places: int | None = None
) -> Column:
    """A column whose values are read and written in the same form."""
    columns = [{"name": "n", "source": "number"}, {"name": "x", "source": "F_2", "type": kind}]
    made = mapping_of("csv", columns, deletions="leave-out").columns[1]
    form = replace(made.read, decimal_sign=signs[0], group_sign=signs[1], date=date)
    return replace(made, places=places, read=form, write=form)


def spelled(value: Decimal, decimal_sign: str, group_sign: str) -> str:
    """A decimal as people write it, in groups of three."""
    text = f"{value:,f}"
    return text.replace(",", "\0").replace(".", decimal_sign).replace("\0", group_sign)


@given(st.decimals(-(10**9), 10**9, places=4) | st.integers(-(10**17), 10**17).map(Decimal), SIGNS)
@settings(deadline=None)
def test_a_decimal_keeps_its_value_and_its_digits(value: Decimal, signs: tuple[str, str]) -> None:
    made = column("decimal", signs=signs)
    read = reader_of(made)(spelled(value, *signs))
    assert Decimal(read) == value
    assert Decimal(read).as_tuple().exponent == value.as_tuple().exponent
    assert Decimal(speller_of(made)(read).replace(signs[0], ".")) == value


@given(st.decimals(-(10**6), 10**6, places=3), st.integers(0, 5))
@settings(deadline=None)
def test_places_fill_up_and_never_round(value: Decimal, places: int) -> None:
    read = reader_of(column("decimal", places=places))
    text = f"{value:f}".replace(".", ",")
    fits = value == round(value, places)
    try:
        result = read(text)
    except Unwritable:
        assert not fits
    else:
        assert fits
        assert Decimal(result) == value
        assert len(result.partition(".")[2]) == places


@given(st.text("0123456789.,- +e", max_size=8))
@settings(deadline=None)
def test_what_is_taken_for_a_decimal_is_one(text: str) -> None:
    try:
        read = reader_of(column("decimal"))(text)
    except Unwritable:
        return
    whole, _, fraction = text.partition(",")
    assert Decimal(read) == Decimal(whole.replace(".", "") + ("." + fraction if fraction else ""))
    assert all(len(group) == 3 for group in whole.split(".")[1:])


@given(st.dates(), st.sampled_from(sorted(DATE_FORMS)), st.sampled_from(sorted(DATE_FORMS)))
@settings(deadline=None)
def test_a_date_is_the_same_day_in_every_form(day: datetime.date, stored: str, shown: str) -> None:
    text = (
        stored.replace("YYYY", f"{day.year:04}")
        .replace("MM", f"{day.month:02}")
        .replace("DD", f"{day.day:02}")
    )
    read = reader_of(column("date", date=stored))(text)
    assert read == day.isoformat()
    written = speller_of(column("date", date=shown))(read)
    assert datetime.datetime.strptime(written, DATE_FORMS[shown]).date() == day


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 9999))
@settings(deadline=None)
def test_what_is_taken_for_a_date_is_a_day_of_the_calendar(day: int, month: int, year: int) -> None:
    text = f"{day:02}/{month:02}/{year:04}"
    try:
        there = datetime.date(year, month, day).isoformat()
    except ValueError:
        with pytest.raises(Unwritable):
            reader_of(column("date"))(text)
    else:
        assert reader_of(column("date"))(text) == there


@given(st.integers(0, 4 * 10**12))
@settings(deadline=None)
def test_times_are_told_in_utc_to_the_millisecond(milliseconds: int) -> None:
    time = datetime.datetime.fromisoformat(datetime_text(milliseconds / 1000))
    assert abs(time.timestamp() * 1000 - milliseconds) < 1


@given(st.text(max_size=8))
@settings(deadline=None)
def test_length_is_counted_in_units_of_utf_16(text: str) -> None:
    assert length_of(text) == sum(2 if ord(character) > 0xFFFF else 1 for character in text)


@pytest.mark.parametrize("form", ["DD/MM/YYYY", "YYYYMMDD", "MM-DD YYYY", "YYYY.DD.MM"])
def test_a_form_of_dates_has_each_part_once(form: str) -> None:
    assert is_date_form(form)


@pytest.mark.parametrize(
    "form", ["", "DD/MM", "DD/MM/YY", "DD//MM/YYYY", "DDxMMxYYYY", "YYYY-MM-YYYY", "DD/MM/YYYY\n"]
)
def test_any_other_form_is_none(form: str) -> None:
    assert not is_date_form(form)


def test_as_many_digits_are_taken_as_navision_holds() -> None:
    read = reader_of(column("decimal"))
    assert read("-" + "9" * (DIGITS - 2) + ",99") == "-" + "9" * (DIGITS - 2) + ".99"
    with pytest.raises(Unwritable, match="more than 18 digits"):
        read("-" + "9" * (DIGITS - 2) + ",999")
