"""Origins: where the page of an assignable unit comes from, as a browser names it."""

import re

_ORIGIN = re.compile(
    r"(?:(https?)://)?([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?"
)
LONGEST = 255


def read(text: str) -> str | None:
    """An origin (`https://lms.example.com`) or a bare host (`lms.example.com:8080`) in small letters; None: neither."""
    found = _ORIGIN.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    scheme, host, port = found.groups(default="")
    if (scheme, port) in (("https", ":443"), ("http", ":80")):
        port = ""
    return f"{scheme}://{host}{port}".lower() if scheme else f"{host}{port}".lower()


def matches(allowed: str, origin: str) -> bool:
    """Whether the `Origin` of a request is the one that is allowed; a bare host allows both schemes."""
    found = read(origin)
    if found is None or "://" not in found:
        return False
    return found == allowed or found.partition("://")[2] == allowed


def is_among(origins: tuple[str, ...], origin: str) -> bool:
    """Whether origins, or `*`, let in what `read` returned."""
    if "*" in origins:
        return True
    given = {each for text in origins if (each := read(text)) is not None}
    return origin in given or origin in {each.partition("://")[2] for each in given}
