"""docs/data.md says of the Data API and the general log what the code does."""

from chalicelib.lrs.logs.service import RETENTION_DAYS
from chalicelib.lrs.registries.memory import SECONDS_KNOWN
from chalicelib.lrs.registries.merging import LARGEST_TEXT, MOST_NAMES
from chalicelib.ports.logs import LEVELS, LOG_TYPES
from chalicelib.web.lrs import data, data_documents, persons
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE
from chalicelib.web.lrs.persons import MOST_AGENTS, MOST_PERSONS
from tests.documents import code, named, once, table, text_of

PAGES = {"limit", "cursor"}


def test_every_service_stands_there_with_its_filters() -> None:
    routes = (*data.ROUTES, *data_documents.ROUTES, *persons.ROUTES)
    services = {
        route.path.rpartition("/")[2]: route.query - PAGES for route in routes if route.method == "GET"
    }
    rows = table("data.md", "Services")
    assert once(named(rows, "service")) == services.keys()
    for row in rows:
        (service,) = code(row["service"])
        assert once(code(row["filters"])) == services[service], service


def test_types_and_levels_stand_there() -> None:
    assert once(named(table("data.md", "Types"), "type")) == set(LOG_TYPES)
    levels = [(int(row["number"]), *code(row["name"])) for row in table("data.md", "Levels")]
    assert levels == list(enumerate(LEVELS))


def test_limits_are_those_of_the_code() -> None:
    text = " ".join(text_of("data.md").split())
    for said in (
        f"`limit` is 1 to {MOST_PER_PAGE}, default {LIMIT}",
        f"all names ({MOST_NAMES} at most)",
        f"beyond {LARGEST_TEXT // 1024} KiB",
        f"kept for {RETENTION_DAYS} days",
        f"(at most {MOST_PERSONS} of {MOST_AGENTS})",
    ):
        assert said in text
    assert SECONDS_KNOWN == 5 * 60
