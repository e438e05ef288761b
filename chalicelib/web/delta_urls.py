"""The URLs of a delta-update call: `file`, and `files` in each of the forms in which clients send it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from chalicelib.articles.document import strip_quotes
from chalicelib.errors import Invalid
from chalicelib.web import reading
from chalicelib.web.refusals import BrokenJson

URLS_PER_CALL = 100
ITEMS_PER_CALL = 10_000  # with repeated ones: each is looked at before they are dropped
CHECKS_AT_ONCE = 50  # each may take three seconds, the gateway waits for 29
URL_BYTES = 8 * 1024
ALL_URLS_BYTES = 256 * 1024  # DynamoDB: one item holds 400 KB, and a call becomes one item

# Between two items of a bare list. A comma inside an URL is no end of it: neither a blank nor a scheme follows.
# Blanks count from the first of a run on: begun at each of them, a long run would be read over and over again.
_BETWEEN = re.compile(r"(?:(?<!\s)\s+)?,(?:\s+|(?=\"?[A-Za-z][A-Za-z0-9+.-]{0,31}://)|$)")


@dataclass(frozen=True)
class SubmittedUrls:
    """What a delta-update call asks for: the URLs as submitted, in order, no two alike; and whether strictly."""

    urls: list[str]
    strict: bool


def read_urls(body: Mapping[str, object], check: Callable[[str], str | None]) -> SubmittedUrls:
    """Reads `file` (first), `files` and `strict`; `check` says why a URL may not be fetched.

    Raises `Invalid` with every fault, each under the field where it stands (`files.1`: the second of `files`).
    """
    faults: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for field, item in _items(body, faults):
        if not isinstance(item, str):
            faults[field] = [f"The {field} field must be a string."]
        elif url := strip_quotes(item):
            places.setdefault(url, field)
    strict = reading.flag(body, "strict", faults)
    _check_amount(places, faults)
    if not faults:
        _check_urls(places, check, faults)
    if faults:
        raise Invalid(faults)
    return SubmittedUrls(list(places), strict)


def _items(body: Mapping[str, object], faults: dict[str, list[str]]) -> Iterator[tuple[str, object]]:
    """Field and value of everything that should be a URL."""
    if body.get("file") is not None:
        yield "file", body["file"]
    files = body.get("files")
    if isinstance(files, str):
        files = _listed(strip_quotes(files))
    if isinstance(files, list) and len(files) > ITEMS_PER_CALL:
        faults["files"] = [_too_many()]
    elif isinstance(files, list):
        yield from ((f"files.{index}", item) for index, item in enumerate(files))
    elif files is not None:
        faults["files"] = ["The files field must be a list of URLs."]


def _listed(text: str) -> object:
    """The items of `files` sent as text: a JSON array, or the bracketed bare list of the documented sample."""
    if text.startswith("["):
        try:
            return reading.parse_json(text)
        except BrokenJson:
            text = text[1:].removesuffix("]")
    return [item for item in _BETWEEN.split(text.strip()) if item]


def _check_amount(places: Mapping[str, str], faults: dict[str, list[str]]) -> None:
    if not places and not faults:
        faults["file"] = ["The file field is required when files is not present."]
    elif len(places) > URLS_PER_CALL:
        faults["files"] = [_too_many()]
    elif sum(_size(url) for url in places) > ALL_URLS_BYTES:
        faults["files"] = [
            f"The URLs of one call must not be longer than {ALL_URLS_BYTES // 1024} KB together."
        ]


def _too_many() -> str:
    return f"The files field must not have more than {URLS_PER_CALL} items."


def _check_urls(
    places: Mapping[str, str], check: Callable[[str], str | None], faults: dict[str, list[str]]
) -> None:
    short = {}
    for url, field in places.items():
        if _size(url) > URL_BYTES:
            faults[field] = [f"The {field} field must not be longer than {URL_BYTES // 1024} KB."]
        else:
            short[url] = field
    for field, fault in zip(short.values(), _all_checked(list(short), check), strict=True):
        if fault:
            faults[field] = [f"The {field} field cannot be used: {fault}"]


def _all_checked(urls: list[str], check: Callable[[str], str | None]) -> Iterator[str | None]:
    """What `check` says of each. Side by side: it may wait for a name server, and one after the other could
    take longer than the gateway waits."""
    if len(urls) < 2:
        return map(check, urls)
    from concurrent.futures import ThreadPoolExecutor  # few calls need it

    with ThreadPoolExecutor(max_workers=min(len(urls), CHECKS_AT_ONCE)) as pool:
        return iter(list(pool.map(check, urls)))


def _size(url: str) -> int:
    return len(url.encode(errors="surrogatepass"))
