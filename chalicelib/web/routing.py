"""All routes by path and method, the documentation as one of them; and which API a request belongs to."""

from collections.abc import Sequence

from chalicelib.web import (
    admin,
    article_list,
    article_resource,
    articles,
    delta_file_routes,
    export_routes,
    job_resource_routes,
    job_routes,
)
from chalicelib.web.api import Api, ArticleApi
from chalicelib.web.call import Answer, Audience, Call, Operation, Request, Route, RouteTable, Success
from chalicelib.web.lrs import routes as lrs_routes
from chalicelib.web.lrs.api import LrsApi


def document(call: Call) -> Answer:
    """Describes all calls as OpenAPI 3.1."""
    from chalicelib.web import openapi  # only this call needs it

    return Answer(200, openapi.describe(ROUTES, RECORD_ROUTES, call.prefix))


DOCUMENT = Route(
    "GET",
    "/openapi.json",
    "describeApi",
    "Documentation",
    Audience.ANYONE,
    "This document",
    document,
    Success(
        200,
        {"type": "object", "required": ["openapi", "info", "paths"]},
        {"openapi": "3.1.0", "info": {"title": "Lightrail", "version": "1"}, "paths": {}},
        "The OpenAPI document.",
    ),
    "Describes all calls as OpenAPI 3.1; it needs no token.",
)

ROUTES: tuple[Route, ...] = (
    *articles.ROUTES,
    *article_list.ROUTES,
    *article_resource.ROUTES,
    *delta_file_routes.ROUTES,
    *admin.ROUTES,
    *job_routes.ROUTES,
    *job_resource_routes.ROUTES,
    *export_routes.ROUTES,
    DOCUMENT,
)
RECORD_ROUTES = lrs_routes.ROUTES


def by_path(routes: Sequence[Operation]) -> RouteTable:
    """Path → method → route. Raises `ValueError` where two routes answer the same call or share a name."""
    table: dict[str, dict[str, Operation]] = {}
    for route in routes:
        methods = table.setdefault(route.path, {})
        for method in route.methods:
            if method in methods:
                raise ValueError(f"{method} {route.path} is answered by two routes")
            methods[method] = route
    if len({route.name for route in routes}) < len(routes):
        raise ValueError("two routes have the same name")
    return table


TABLE = by_path(ROUTES)
"""The table of the article calls."""

ARTICLES = ArticleApi(TABLE)
LRS = LrsApi(by_path(RECORD_ROUTES))
APIS: tuple[Api, ...] = (ARTICLES, LRS)
"""What the gateway serves."""


def api_of(request: Request) -> Api:
    """The API that answers a request; of what is nowhere, whose form the answer has."""
    return LRS if request.address.startswith("/lrs/") else ARTICLES
