"""The `schema` of an item in DynamoDB: which release's form it has."""

from collections.abc import Mapping
from typing import Any

from chalicelib.errors import Unavailable


def check_schema(item: Mapping[str, Any], newest: int, part: str) -> None:
    """Raises `Unavailable` for an item of a newer release, whose fields and states this one does not know."""
    schema = int(item["schema"]["N"])
    if schema > newest:
        raise Unavailable(part, f"item of schema {schema}, this release reads up to {newest}")
