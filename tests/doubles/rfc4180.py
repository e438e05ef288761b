"""A reader of CSV by the grammar of RFC 4180, stricter than any in use: what it takes, every reader takes."""

import re


def read_rfc4180(
    text: str, *, separator: str = ",", quote: str = '"', ending: str = "\r\n"
) -> list[list[str]]:
    """The records of a file, each ended by `ending`. Raises ValueError at the first place that the grammar refuses."""
    inner, sign = re.escape(quote), re.escape(separator)
    field = re.compile(
        rf"{inner}(?P<escaped>(?:[^{inner}]|{inner}{inner})*){inner}|(?P<plain>[^{inner}{sign}\r\n]*)"
    )
    records: list[list[str]] = []
    record: list[str] = []
    place = 0
    while place < len(text):
        found = field.match(text, place)
        assert found is not None  # an empty field always matches
        escaped = found["escaped"]
        record.append(found["plain"] if escaped is None else escaped.replace(quote * 2, quote))
        place = found.end()
        if text.startswith(ending, place):
            place += len(ending)
            records.append(record)
            record = []
        elif text.startswith(separator, place):
            place += len(separator)
        else:
            raise ValueError(f"neither a separator nor the end of a record at {place}")
    if record:
        raise ValueError("the last record has no end")
    return records
