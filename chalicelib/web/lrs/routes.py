"""All routes of the record store."""

from chalicelib.web.lrs import about, access, activities, agents, cmi5, statements
from chalicelib.web.lrs.route import LrsRoute

ROUTES: tuple[LrsRoute, ...] = (
    *about.ROUTES,
    *access.ROUTES,
    *cmi5.ROUTES,
    *agents.ROUTES,
    *activities.ROUTES,
    *statements.ROUTES,
)
