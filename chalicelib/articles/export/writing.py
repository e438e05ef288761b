"""The writer of a mapping."""

from __future__ import annotations

from chalicelib.articles.export.mapping import ExportMapping
from chalicelib.articles.export.records import Writer


def writer_of(mapping: ExportMapping) -> Writer:
    """The writer of the mapping's format; made once, it writes any number of files and chunks."""
    from chalicelib.articles.export.csv_writer import CsvWriter

    return CsvWriter(mapping)
