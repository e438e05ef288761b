"""All routes of the record store."""

from chalicelib.web.lrs import (
    about,
    access,
    activities,
    agents,
    cmi5,
    data,
    documents,
    logs,
    persons,
    statements,
)
from chalicelib.web.lrs.route import LrsRoute

ROUTES: tuple[LrsRoute, ...] = (
    *about.ROUTES,
    *access.ROUTES,
    *cmi5.ROUTES,
    *agents.ROUTES,
    *activities.ROUTES,
    *documents.ROUTES,
    *data.ROUTES,
    *persons.ROUTES,
    *logs.ROUTES,
    *statements.ROUTES,
)
