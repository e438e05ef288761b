"""All routes of the record store."""

from chalicelib.web.lrs import (
    about,
    access,
    activities,
    agents,
    cmi5,
    data,
    data_documents,
    documents,
    jobs,
    logs,
    persons,
    statements,
)
from chalicelib.web.lrs.general_log import audited
from chalicelib.web.lrs.route import LrsRoute

ROUTES: tuple[LrsRoute, ...] = (
    *about.ROUTES,
    *audited(access.ROUTES),
    *cmi5.ROUTES,
    *agents.ROUTES,
    *activities.ROUTES,
    *documents.ROUTES,
    *data.ROUTES,
    *data_documents.ROUTES,
    *persons.ROUTES,
    *audited(jobs.ROUTES),
    *logs.ROUTES,
    *statements.ROUTES,
)
