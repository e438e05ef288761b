"""The About Resource: which versions are spoken (xAPI 1.0.3 Communication 2.8; IEEE 9274.1.1 4.1.6.7)."""

from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.route import XAPI, LrsRoute

VERSIONS = ("1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0")


def about(call: Call) -> Answer:
    """Names the versions; anyone may ask."""
    return Answer(200, {"version": list(VERSIONS), "extensions": {}})


ROUTES = (LrsRoute("GET", f"{XAPI}/about", "xapiGetAbout", about, open=True),)
