"""The versions of xAPI that are spoken, and which one a request means."""

from typing import Literal

XapiVersion = Literal["1.0.3", "2.0.0"]
"""The version of a request, as every answer names it. Any 1.0.x is 1.0.3, any 2.0.x is 2.0.0."""

V1: XapiVersion = "1.0.3"
V2: XapiVersion = "2.0.0"
