"""Articles as a resource: created or replaced, changed and deleted under their own address, with entity tags."""

from collections.abc import Collection
from dataclasses import replace

from chalicelib.articles.document import Faults, article_number, read_changes
from chalicelib.articles.writing import Saved
from chalicelib.errors import Invalid
from chalicelib.web import envelope, examples, reading, schemas
from chalicelib.web.articles import NUMBER, address_of
from chalicelib.web.call import Answer, Audience, Body, Call, Parameter, Route, Success
from chalicelib.web.preconditions import etag, preconditions_of

PATH = "/v1/articles/{articleNumber}"
MERGE_PATCH = "application/merge-patch+json"
_IDENTIFIERS = ("id", "F_1")


def put(call: Call) -> Answer:
    """Creates an article, or replaces its document."""
    number, values, _ = _read(call)
    saved = call.services.articles.put(number, values, preconditions_of(call.headers).check)
    if saved.created:
        return _answer(call, number, "Article created", saved, 201)
    return _answer(call, number, "Article replaced", saved)


def patch(call: Call) -> Answer:
    """Sets features and classifications of an article; a merge patch drops those that are null."""
    number, changes, nulls = _read(call)
    dropped = nulls if _is_merge_patch(call) else ()
    kept = {key: value for key, value in changes.items() if key not in dropped}
    condition = preconditions_of(call.headers).check
    return _answer(
        call, number, "Article updated", call.services.articles.patch(number, kept, dropped, condition)
    )


def delete(call: Call) -> Answer:
    """Deletes an article."""
    number = article_number(reading.path_parameter(call, "articleNumber"), "articleNumber")
    call.services.articles.delete(number, preconditions_of(call.headers).check)
    return envelope.success("Article deleted", None)


def _read(call: Call) -> tuple[str, dict[str, str], Collection[str]]:
    """The number in the path, the values in the body, and which of them are null.

    Raises `Invalid` with the faults of all, a number in the body that is not that of the path among them.
    """
    body = reading.json_object(call)
    faults: Faults = {}
    number = None
    try:
        number = article_number(reading.path_parameter(call, "articleNumber"), "articleNumber")
    except Invalid as invalid:
        faults |= invalid.faults
    if not call.raw_body.strip():
        faults["body"] = ["The body is required: a JSON object."]
    for field in _IDENTIFIERS:
        if field in body:
            faults |= _identifier_faults(body[field], field, number)
    values, value_faults = read_changes(body)
    faults |= value_faults
    if faults or number is None:
        raise Invalid(faults)
    return number, values, [key for key in values if body[key] is None]


def _identifier_faults(value: object, field: str, number: str | None) -> Faults:
    try:
        named = article_number(value, field)
    except Invalid as invalid:
        return dict(invalid.faults)
    if number is None or named == number:
        return {}
    return {field: [f"The {field} field must be the article number in the path, or be left out."]}


def _is_merge_patch(call: Call) -> bool:
    kind = call.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == MERGE_PATCH


def _answer(call: Call, number: str, message: str, saved: Saved, status: int = 200) -> Answer:
    """The article as it is now. Its tag is left out where somebody is known to have changed it again since."""
    # The body is what a GET would show of the article, which Content-Location says: so ETag is that of the article.
    headers = {"Content-Location": address_of(call, number)}
    if saved.current:
        headers["ETag"] = etag(saved.version)
    return replace(envelope.success(message, saved.document, status), headers=headers)


_CONDITIONS = (
    Parameter(
        "If-Match",
        "header",
        schemas.TEXT,
        "Only if the article has one of these ETags, or `*`: if it exists. A weak tag matches nothing.",
        '"1-2f"',
    ),
    Parameter(
        "If-None-Match",
        "header",
        schemas.TEXT,
        "Only if the article has none of these ETags, or `*`: if it does not exist.",
    ),
)
_HEADERS = {
    "ETag": "The version of the article, for `If-Match`. Left out where somebody changed it at the same moment.",
    "Content-Location": "The address of the article, whose ETag this is.",
}
_EXAMPLE = {"id": "12411116", "F_1": "12411116", "F_5": "", "C_75001": "CEILING"}


def _success(status: int, message: str, description: str) -> Success:
    schema = schemas.enveloped({"const": message}, schemas.ref("Article"))
    return Success(status, schema, examples.success(message, _EXAMPLE), description, _HEADERS)


ROUTES = (
    Route(
        "PUT",
        PATH,
        "putArticle",
        "Article",
        Audience.USER,
        "Create or replace",
        put,
        _success(200, "Article replaced", "The article as it is now; keys that were not sent are gone."),
        "Creates the article, or replaces it as a whole: keys that are not sent vanish. `If-None-Match: *` creates "
        "alone, `If-Match: *` replaces alone. `id` and `F_1` may be left out.",
        Body(schemas.ARTICLE_BODY, _EXAMPLE),
        parameters=(NUMBER, *_CONDITIONS),
        refusals=(409, 412),
        further=(_success(201, "Article created", "There was no such article; now there is."),),
    ),
    Route(
        "PATCH",
        PATH,
        "patchArticle",
        "Article",
        Audience.USER,
        "Change",
        patch,
        _success(200, "Article updated", "The article as it is now."),
        "Sets the given `F_<int>` and `C_<int>`; absent keys stay as they are. As `application/json`, null stores an "
        f"empty string; as `{MERGE_PATCH}` (RFC 7396), null drops the key.",
        Body(
            schemas.ARTICLE_BODY, {"F_5": "", "C_75001": "CEILING"}, kinds=("application/json", MERGE_PATCH)
        ),
        parameters=(NUMBER, *_CONDITIONS),
        refusals=(404, 409, 412),
    ),
    Route(
        "DELETE",
        PATH,
        "removeArticle",
        "Article",
        Audience.USER,
        "Delete",
        delete,
        Success(
            200,
            schemas.enveloped({"const": "Article deleted"}, {"type": "null"}),
            examples.success("Article deleted", None),
            "The article is gone.",
        ),
        "Deletes the article.",
        parameters=(NUMBER, *_CONDITIONS),
        refusals=(400, 404, 409, 412, 422),
    ),
)
