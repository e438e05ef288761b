"""All routes of the record store."""

from chalicelib.web.lrs import about
from chalicelib.web.lrs.route import LrsRoute

ROUTES: tuple[LrsRoute, ...] = (*about.ROUTES,)
