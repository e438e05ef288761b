"""Which jobs a retry is asked for."""

from dataclasses import dataclass

from chalicelib.articles.document import article_number, strip_quotes
from chalicelib.errors import Invalid
from chalicelib.web import reading
from chalicelib.web.call import Call

IDS_PER_CALL = 100
_FIELDS = ("ids", "file", "article")


@dataclass(frozen=True)
class Selection:
    """Ids of jobs, the name of a file, the number of an article; nothing at all means everything."""

    ids: list[str] | None
    file: str | None
    article: str | None


def read_selection(call: Call) -> Selection:
    """Reads the body of a retry. Raises `Invalid` with every fault, fields of other names among them."""
    body = reading.json_object(call)
    # What is named otherwise, or stands in the address, selects nothing; and who selects nothing retries all.
    faults: dict[str, list[str]] = {
        name: [f"The {name} field is not known here; the body may have {', '.join(_FIELDS)}."]
        for name in (*(name for name in body if name not in _FIELDS), *call.query)
    }
    ids = _ids(body.get("ids"), faults)
    file = _file(body.get("file"), faults)
    article = None
    if body.get("article") is not None:
        try:
            article = article_number(body["article"], "article")
        except Invalid as invalid:
            faults |= invalid.faults
    if faults:
        raise Invalid(faults)
    return Selection(ids, file, article)


def _ids(value: object, faults: dict[str, list[str]]) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        faults["ids"] = ["The ids field must be a list of job ids."]
        return None
    if len(value) > IDS_PER_CALL:
        faults["ids"] = [f"The ids field must not have more than {IDS_PER_CALL} items."]
        return None
    return list(dict.fromkeys(value))


def _file(value: object, faults: dict[str, list[str]]) -> str | None:
    if value is None:
        return None
    name = strip_quotes(value) if isinstance(value, str) else ""
    if not name:
        faults["file"] = ["The file field must be the name of a file."]
        return None
    return name
