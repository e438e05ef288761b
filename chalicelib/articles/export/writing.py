"""The writer of a mapping."""

from __future__ import annotations

from chalicelib.articles.export.batch_writer import BatchWriter
from chalicelib.articles.export.csv_writer import CsvWriter
from chalicelib.articles.export.mapping import ExportMapping
from chalicelib.articles.export.records import Writer
from chalicelib.articles.export.xml_writer import XmlWriter


def writer_of(mapping: ExportMapping) -> Writer:
    """The writer of the mapping's format; made once, it writes any number of files and chunks."""
    if mapping.format == "csv":
        return CsvWriter(mapping)
    return XmlWriter(mapping) if mapping.format == "xml" else BatchWriter(mapping)
