"""The article calls."""

from dataclasses import replace
from urllib.parse import quote

from chalicelib.articles.document import article_number, read_changes, strip_quotes
from chalicelib.errors import Invalid
from chalicelib.web import envelope, examples, reading, schemas
from chalicelib.web.call import Answer, Audience, Body, Call, Parameter, Route, Success
from chalicelib.web.delta_urls import read_urls
from chalicelib.web.preconditions import etag, preconditions_of

NUMBER = Parameter(
    "articleNumber",
    "path",
    schemas.NUMBER_IN_PATH,
    "The article number, percent-encoded; one pair of wrapping double quotes is taken off.",
    "12411116",
)


def _numbers_and_changes(body: dict[str, object], *fields: str) -> tuple[list[str], dict[str, str]]:
    """The article numbers in these fields and the changes beside them. Raises `Invalid` with the faults of all."""
    numbers: list[str] = []
    faults: dict[str, list[str]] = {}
    for field in fields:
        try:
            numbers.append(article_number(body.get(field), field))
        except Invalid as invalid:
            faults |= invalid.faults
    changes, value_faults = read_changes(body)
    faults |= value_faults
    if faults:
        raise Invalid(faults)
    return numbers, changes


def copy(call: Call) -> Answer:
    """Creates an article from another one, with overrides."""
    (target, source), changes = _numbers_and_changes(reading.json_object(call), "customNumber", "F_1")
    return envelope.success(
        "Copy successfully created", call.services.articles.copy(source, target, changes, call.write_id)
    )


def update(call: Call) -> Answer:
    """Sets features and classifications of an article."""
    (number,), changes = _numbers_and_changes(reading.json_object(call), "F_1")
    return envelope.success(
        "Update successful", call.services.articles.update(number, changes, call.write_id)
    )


def delta_update(call: Call) -> Answer:
    """Accepts delta files by URL."""
    submission = read_urls(reading.json_object(call), call.services.fetcher.check)
    strict = submission.strict or call.services.settings.delta_strict
    call.services.acceptance.accept_urls(submission.urls, strict, call.write_id)
    return envelope.success("Delta file accepted and added to the job queue", None)


def search(call: Call) -> Answer:
    """Reads one article by its exact number."""
    number = article_number(reading.path_parameter(call, "articleNumber"), "articleNumber")
    conditions = preconditions_of(call.headers)
    article = call.services.articles.find(number)
    headers = {"ETag": etag(article.version)} if article.version else {}
    if conditions.spare(article.version):
        return Answer(304, None, headers)
    return replace(envelope.success("Articles found", article.document), headers=headers)


def delete(call: Call) -> Answer:
    """Deletes one article."""
    number = article_number(reading.path_parameter(call, "articleNumber"), "articleNumber")
    receipt = call.services.articles.delete(number)
    answer = envelope.success("Articles deleted", receipt)
    link = f'<{address_of(call, number)}>; rel="successor-version"'
    return Answer(answer.status, answer.body, {"Link": link})


def address_of(call: Call, number: str) -> str:
    """The address of an article: its number as it is, in quotes where that would be the address of something else."""
    if strip_quotes(number) != number or number in _TAKEN:
        number = f'"{number}"'
    return f"{call.prefix}/v1/articles/{quote(number, safe='')}"


ROUTES = (
    Route(
        "POST",
        "/v1/articles",
        "copyArticle",
        "Article",
        Audience.USER,
        "Copy",
        copy,
        Success(
            200,
            schemas.enveloped({"const": "Copy successfully created"}, schemas.ref("Article")),
            examples.success(
                "Copy successfully created",
                {**examples.ARTICLE, "id": "12411116-copy", "F_1": "12411116-copy"},
            ),
            "The new article.",
        ),
        "Creates the article `customNumber` from the article `F_1`; other `F_<int>` and `C_<int>` override values.",
        Body(
            schemas.COPY_BODY,
            {"customNumber": "12411116-copy", "F_1": "12411116", "F_5": "", "C_75001": "CEILING"},
        ),
        refusals=(404, 409),
    ),
    Route(
        "POST",
        "/v1/articles/delta-update",
        "submitDeltaFiles",
        "Article",
        Audience.USER,
        "Delta Update",
        delta_update,
        Success(
            200,
            schemas.enveloped({"const": "Delta file accepted and added to the job queue"}, {"type": "null"}),
            examples.success("Delta file accepted and added to the job queue", None),
            "The files are on record and will be worked on in this order.",
        ),
        "Accepts delta files by URL, `file` first, then `files`; at least one. They are fetched and applied later: "
        "the job calls tell what became of them.",
        Body(schemas.DELTA_UPDATE_BODY, {"files": ["https://data.example.com/delta/mix.json"]}),
        refusals=(409,),
    ),
    Route(
        "POST",
        "/v1/articles/update",
        "updateArticle",
        "Article",
        Audience.USER,
        "Update",
        update,
        Success(
            200,
            schemas.enveloped({"const": "Update successful"}, schemas.ref("Article")),
            examples.success("Update successful", examples.ARTICLE),
            "The article as it is now.",
        ),
        "Sets the given `F_<int>` and `C_<int>` of the article `F_1`; absent keys stay as they are.",
        Body(schemas.UPDATE_BODY, {"F_1": "12411116", "F_5": "", "C_75001": "CEILING"}),
        refusals=(404, 409),
    ),
    Route(
        "GET",
        "/v1/articles/delete/{articleNumber}",
        "deleteArticle",
        "Article",
        Audience.USER,
        "Delete",
        delete,
        Success(
            200,
            schemas.enveloped({"const": "Articles deleted"}, schemas.ref("Deletion")),
            examples.success(
                "Articles deleted",
                {
                    "_index": "articles",
                    "_type": "_doc",
                    "_id": "12411116",
                    "_version": 4,
                    "result": "deleted",
                    "_shards": {"total": 2, "successful": 1, "failed": 0},
                    "_seq_no": 2338,
                    "_primary_term": 26,
                },
            ),
            "What the search engine answered.",
            {"Link": 'The address of the article, with `rel="successor-version"`.'},
        ),
        "Deletes an article. It is a GET call as documented; it is never cached and not answered to HEAD.",
        parameters=(NUMBER,),
        refusals=(404, 409, 422),
        mutates=True,
    ),
    Route(
        "GET",
        "/v1/articles/{articleNumber}",
        "findArticle",
        "Article",
        Audience.USER,
        "Search",
        search,
        Success(
            200,
            schemas.enveloped({"const": "Articles found"}, schemas.ref("Article")),
            examples.success("Articles found", examples.ARTICLE),
            "The article.",
            {"ETag": "The version of the article, for `If-Match` and `If-None-Match`."},
        ),
        "Reads an article by its exact number, as it is at this moment.",
        parameters=(
            NUMBER,
            Parameter(
                "If-None-Match",
                "header",
                schemas.TEXT,
                "ETags of versions that need not be sent again: 304 where the article still has one of them.",
            ),
        ),
        refusals=(304, 400, 404, 412, 422),
    ),
)

# Other calls, and what clients resolve before they send.
_TAKEN = frozenset((".", "..", *(route.path.removeprefix("/v1/articles/") for route in ROUTES)))
