"""What a deployment asks of the sweeps: that their indexes are there, with the fields that this release writes.

A first write makes an index as well. But one that is there refuses fields that it does not know.
"""

from collections.abc import Mapping

from chalicelib.workers.batch import Event

EVENT: Mapping[str, str] = {"task": "indexes"}


def asked_for(event: Event) -> bool:
    """Whether this is not the schedule but a deployment."""
    return event.get("task") == EVENT["task"]
