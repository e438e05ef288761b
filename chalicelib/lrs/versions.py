"""The versions of xAPI that are spoken, and which one a request means."""

import re
from typing import Literal

XapiVersion = Literal["1.0.3", "2.0.0"]
"""The version of a request, as every answer names it. Any 1.0.x is 1.0.3, any 2.0.x is 2.0.0."""

V1: XapiVersion = "1.0.3"
V2: XapiVersion = "2.0.0"

_V1 = re.compile(r"1\.0(\.[0-9]{1,9})?")
_V2 = re.compile(r"2\.0(\.[0-9]{1,9})?")


def understood(text: str) -> XapiVersion | None:
    """The version that the header of a request means; None: none that is spoken here."""
    if _V1.fullmatch(text):
        return V1
    return V2 if _V2.fullmatch(text) else None
