"""All routes of the record store."""

from chalicelib.web.lrs import about, cmi5
from chalicelib.web.lrs.route import LrsRoute

ROUTES: tuple[LrsRoute, ...] = (*about.ROUTES, *cmi5.ROUTES)
