"""The Activities Resource: an activity with its merged definition.

Sources: xAPI 1.0.3 Communication 2.5; IEEE 9274.1.1 4.1.6.4. Of an activity that is not known, its bare object is
shown: 2.0 demands that, 1.0.3 recommends it.
"""

from __future__ import annotations

import json

from chalicelib.lrs.access.permissions import giving, needed_by
from chalicelib.lrs.cmi5.rules import Target, may
from chalicelib.lrs.keys import key
from chalicelib.ports.registries import EntryName
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import XAPI, LrsRoute


def activity(call: Call) -> Answer:
    """Shows all that is known of an activity."""
    parameters = Parameters(call)
    activity_id = parameters.iri("activityId", required=True) or ""
    parameters.check()
    may(call.principal.cmi5, "activities", False, Target(activity=activity_id))
    entry = call.services.lrs.registries.get(call.principal.store, EntryName("activities", key(activity_id)))
    bare = {"objectType": "Activity", "id": activity_id}
    return Answer(200, bare if entry is None else json.loads(entry.text))


ROUTES = (
    LrsRoute(
        "GET",
        f"{XAPI}/activities",
        "xapiGetActivities",
        activity,
        giving(needed_by("activities", "GET")),
        frozenset(("activityId",)),
    ),
)
