"""Mappings by name: those that are built in, and those in the bucket."""

from __future__ import annotations

from chalicelib.articles.export.built_in import default_mapping
from chalicelib.articles.export.mapping import ExportMapping
from chalicelib.articles.export.reading import LARGEST, read_mapping
from chalicelib.errors import LightrailError
from chalicelib.ports.blobs import BlobNotFound, Blobs

BUILT_IN = "default"
PREFIX = "mappings/"


class UnknownMapping(LightrailError):
    """There is no mapping of this name."""


def place_of(name: str) -> str:
    """The key of a mapping in the bucket."""
    return f"{PREFIX}{name}.yaml"


def mapping_named(name: str, format_name: str, blobs: Blobs) -> ExportMapping:
    """The mapping of this name, which must be for the format; an empty format is any.

    Raises `UnknownMapping`, `InvalidMapping` with every fault, `Unavailable`.
    """
    if name == BUILT_IN:
        return default_mapping(format_name)
    raw = b""
    try:
        for chunk in blobs.read(place_of(name)):
            raw += chunk
            if len(raw) > LARGEST:  # its reader says so
                break
    except BlobNotFound:
        raise UnknownMapping(
            f"The mapping field must be {BUILT_IN}, or name a mapping; there is no {place_of(name)} in the bucket."
        ) from None
    return read_mapping(raw, format_name or None)
