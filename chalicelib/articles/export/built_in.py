"""The mappings that are built in, one for each format."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chalicelib.articles.export.mapping import FORMATS, ExportMapping
from chalicelib.articles.export.reading import read_mapping

_FILES = Path(__file__).with_name("mappings")


def default_text(format_name: str) -> bytes:
    """The mapping file of a format (one of `FORMATS`) that is built in: what to copy and change."""
    if format_name not in FORMATS:
        raise ValueError(f"{format_name} is no format of exports")
    return (_FILES / f"{format_name}.yaml").read_bytes()


@cache
def default_mapping(format_name: str) -> ExportMapping:
    """The mapping of a format (one of `FORMATS`) that is built in."""
    return read_mapping(default_text(format_name), format_name)
