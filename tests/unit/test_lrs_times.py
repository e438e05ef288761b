"""Times as the record store writes them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.lrs.validation.data_types import parse_timestamp
from chalicelib.lrs.versions import V2
from chalicelib.times import written

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANY = st.datetimes().map(lambda moment: (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1))


def test_a_time_has_six_decimals_and_is_in_utc() -> None:
    assert written(0) == "1970-01-01T00:00:00.000000Z"
    assert written(1_795_324_595_123_456) == "2026-11-22T05:16:35.123456Z"


def test_a_year_has_four_digits() -> None:
    assert written(-62_135_596_800_000_000) == "0001-01-01T00:00:00.000000Z"


@given(ANY, ANY)
def test_texts_sort_as_times_do(one: int, other: int) -> None:
    assert (one < other) == (written(one) < written(other))


@given(ANY.filter(lambda time: time >= 0))
def test_what_is_written_is_read_back(time: int) -> None:
    assert parse_timestamp(written(time), V2) == time
