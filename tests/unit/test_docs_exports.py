"""docs/exports.md says of exports what the code does."""

from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.adapters.opensearch_connection import REQUEST_SECONDS
from chalicelib.adapters.opensearch_index import WRITE_WAIT
from chalicelib.adapters.opensearch_scan import ANSWER_BYTES, KEPT
from chalicelib.exports import orders, results, service, view, writing
from chalicelib.exports.baselines import OVERLAP
from chalicelib.exports.position import Step
from chalicelib.jobs import runs
from chalicelib.schedule.reading import PARAMETERS
from chalicelib.web import export_schemas
from infra.template.parameters import PARAMETERS as STACK
from infra.template.parameters import TIMEOUTS
from infra.template.storage import LIFECYCLE_RULES
from tests.documents import named, once, table, tables, text_of

DOCUMENT = "exports.md"
MEBIBYTE = 1024**2
# The functions that write articles; the others read them, or take marks away.
WRITERS = ("APIHandler", "Apply", "DeadLetters", "Sweep")


def test_every_field_of_an_order_is_told() -> None:
    told = once(named(table(DOCUMENT, "Ordering"), "field"))
    assert told == {*orders.FIELDS, "replay", *PARAMETERS}
    assert told == export_schemas.COMPONENTS["ExportOrder"]["properties"].keys()


def test_every_state_is_told() -> None:
    assert named(table(DOCUMENT, "Fetching"), "state") == list(view.STATES)


def test_every_step_is_told_with_what_a_crash_leaves() -> None:
    steps, writes, bounds = tables(DOCUMENT, "A run")
    assert named(steps, "step") == [step.value for step in Step]
    assert all(cell.strip() for row in (*steps, *writes) for cell in row.values())
    assert {row["bound"]: row["value"] for row in bounds} == {
        "exports that are stored": f"{service.MOST}",
        "results of an export that are kept": f"{results.KEPT}",
        "size of a file": f"{writing.MOST_BYTES // 1024**3} GiB",
        "runs at once, with those of jobs": "`JobConcurrency`",
        "validity of a link": f"{service.LINK_SECONDS // 60} minutes",
    }


def test_figures_are_those_of_the_code() -> None:
    text = " ".join(text_of(DOCUMENT).split())
    uploads = next(rule for rule in LIFECYCLE_RULES if rule["Id"] == "abandoned-uploads")
    for said in (
        f"There are {service.MOST} exports at most",
        f"`DeletionsKnownDays` ({STACK['DeletionsKnownDays']['Default']})",
        f"one part of {writing.PART_BYTES // MEBIBYTE} MiB",
        f"answers of the engine have {ANSWER_BYTES // MEBIBYTE} MiB at most",
        f"nobody read it for {KEPT.removesuffix('m')} minutes",
        f"uploads after {uploads['AbortIncompleteMultipartUpload']['DaysAfterInitiation']} days",
        "five times at most",
        "five minutes",
    ):
        assert said in text, said
    assert runs.MOST_BEGINNINGS == 5


def test_the_overlap_is_longer_than_a_write_may_take_to_be_seen() -> None:
    assert OpenSearchArticles.write_many.__doc__
    slowest = max(TIMEOUTS[name] for name in WRITERS)
    in_flight = REQUEST_SECONDS + float(WRITE_WAIT.removesuffix("s"))
    clocks_apart = 60
    assert OVERLAP == 300 * 1_000_000
    assert slowest + in_flight + clocks_apart < OVERLAP / 1_000_000
