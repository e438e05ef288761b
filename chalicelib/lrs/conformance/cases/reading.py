"""Reading of statements: forms, pages and headers (Data 2.5, Communication 2.1.3; 2.0: 4.1.6.1)."""

import json
from typing import Any

from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer, shown
from chalicelib.lrs.conformance.probe import CONSISTENT_THROUGH, JSON, Probe, statement_ids
from chalicelib.lrs.conformance.samples import HOME
from chalicelib.lrs.conformance.times import moment

CHECKS = Checks()
MOST_SECONDS_BEHIND = 24 * 3600
NAMES = {"en-US": "A course", "de-DE": "Ein Kurs", "fr": "Un cours"}


def some(probe: Probe, count: int = 5) -> list[str]:
    """Records statements one after the other and tells their ids, newest first."""
    statements = [probe.statement(number) for number in range(count)]
    for statement in statements:
        probe.record(statement)
    return statement_ids(statements)[::-1]


def mine(probe: Probe, **more: str) -> dict[str, str]:
    """The query for the statements of the check."""
    return {"agent": json.dumps(probe.agent()), **more}


@CHECKS.that("XAPI-00113", "XAPI-00154")
def statement_result(probe: Probe) -> None:
    """A query is answered with 200 and an object of `statements` and `more`, no more."""
    wanted = some(probe, 2)
    page = probe.page(mine(probe))
    page.must(statement_ids(page.json["statements"]) == wanted, f"the statements {wanted}")
    page.must(page.json.keys() <= {"statements", "more"}, "only `statements` and `more`")
    whole = probe.page({})
    whole.must(bool(whole.json["statements"]), "statements without any filter")


@CHECKS.that("XAPI-00110")
def statements_are_a_list(probe: Probe) -> None:
    """`statements` is a list of statements, also where there is one."""
    (only,) = some(probe, 1)
    page = probe.page(mine(probe))
    each: Any = page.json["statements"]
    page.must(isinstance(each, list) and len(each) == 1 and each[0].get("id") == only, f"a list with {only}")
    wanted = {"id", "actor", "verb", "object", "stored", "authority", "timestamp", "version"}
    page.must(wanted <= each[0].keys(), f"a statement with {sorted(wanted)}")


@CHECKS.that("XAPI-00108", "XAPI-00114")
def more_leads_through_all_pages(probe: Probe) -> None:
    """`more` leads from page to page: each statement once, in order."""
    wanted = some(probe)
    page = probe.page(mine(probe, limit="2"))
    page.must(statement_ids(page.json["statements"]) == wanted[:2], f"the two newest, {wanted[:2]}")
    found = probe.ids(mine(probe, limit="2"))
    page.must(found == wanted, f"the pages to hold {wanted}", str(found))


@CHECKS.that("XAPI-00109")
def the_last_page_has_no_more(probe: Probe) -> None:
    """On the last page `more` is absent or empty."""
    some(probe, 2)
    for query in (mine(probe), mine(probe, limit="2"), mine(probe, verb=f"{HOME}/verbs/none")):
        page = probe.page(query)
        page.must(page.json.get("more", "") == "", "no `more`, or an empty one", str(page.json.get("more")))


@CHECKS.that("XAPI-00111")
def more_keeps_filter_and_format(probe: Probe) -> None:
    """A page behind `more` has the filter, the format and the order of the first."""
    statements = [probe.rich(number) for number in range(3)]
    for each in statements:
        probe.record(each)
    probe.record(probe.statement("other", actor=probe.agent("other")))
    page = probe.page(mine(probe, limit="1", format="ids", ascending="true"))
    seen = statement_ids(page.json["statements"])
    following = probe.more(page)
    while following is not None and len(seen) <= len(statements):
        following.must(set(following.json) <= {"statements", "more"}, "only `statements` and `more`")
        for each in following.json["statements"]:
            following.must("definition" not in each["object"], "the format `ids` on every page", shown(each))
        seen += statement_ids(following.json["statements"])
        following = probe.more(following)
    page.must(seen == statement_ids(statements), f"the statements {statement_ids(statements)}", str(seen))


@CHECKS.that("XAPI-00112", "XAPI-00149")
def nothing_found_is_no_fault(probe: Probe) -> None:
    """Where nothing matches the answer is 200 with an empty list."""
    page = probe.page(mine(probe, verb=f"{HOME}/verbs/none"))
    page.must(page.json["statements"] == [], "an empty list")


@CHECKS.that("XAPI-00150")
def voided_statement_id_stands_alone(probe: Probe) -> None:
    """Beside voidedStatementId any filter is refused."""
    _stands_alone(probe, "voidedStatementId")


@CHECKS.that("XAPI-00151")
def statement_id_stands_alone(probe: Probe) -> None:
    """Beside statementId any filter is refused; format and attachments are not."""
    _stands_alone(probe, "statementId")
    (only,) = some(probe, 1)
    probe.stored(only, format="ids")
    probe.stored(only, attachments="false")


def _stands_alone(probe: Probe, name: str) -> None:
    filters = {
        "agent": json.dumps(probe.agent()),
        "verb": f"{HOME}/verbs/tested",
        "activity": f"{HOME}/course",
        "registration": probe.mark,
        "related_activities": "true",
        "related_agents": "true",
        "since": "2015-01-01T00:00:00Z",
        "until": "2015-01-01T00:00:00Z",
        "limit": "1",
        "ascending": "true",
        "voidedStatementId" if name == "statementId" else "statementId": probe.uuid("other"),
    }
    for other, value in filters.items():
        query = {name: probe.uuid(), other: value}
        probe.get("/statements", query).refused(f"{other} stands beside {name}")


@CHECKS.that("XAPI-00153")
def consistent_through(probe: Probe) -> None:
    """Every answer to GET says up to when it is consistent, refusals too."""
    (only,) = some(probe, 1)
    queries: tuple[dict[str, str], ...] = (
        {"limit": "1"},
        {"statementId": only},
        {"statementId": probe.uuid("unknown")},
        {"statementId": "7"},
        {"limit": "-1"},
    )
    for query in queries:
        moment(probe.get("/statements", query).header(CONSISTENT_THROUGH))


@CHECKS.that("XAPI-00160")
def consistent_through_is_a_time(probe: Probe) -> None:
    """X-Experience-API-Consistent-Through is a date and time, not far from what was stored last."""
    (only,) = some(probe, 1)
    answer = probe.get("/statements", {"statementId": only}).expect(200)
    text = answer.header(CONSISTENT_THROUGH)
    answer.must("T" in text, "a date and a time, joined by T", text)
    apart = moment(text) - moment(answer.json["stored"])
    answer.must(abs(apart.total_seconds()) < MOST_SECONDS_BEHIND, "a recent time", text)


@CHECKS.that("XAPI-00156", "XAPI-00139", "XAPI-00159")
def one_statement_by_its_id(probe: Probe) -> None:
    """statementId shows this very statement, not a list."""
    first, _ = some(probe, 2)
    answer = probe.get("/statements", {"statementId": first}).expect(200)
    answer.must(answer.json.get("id") == first and "actor" in answer.json, f"the statement {first}")


@CHECKS.that("XAPI-00158")
def statement_id_is_a_uuid(probe: Probe) -> None:
    """A statementId is a UUID; one that is not stored is 404."""
    for value in ("", "7", "7ccd3322-e1a5-411a-a67d", f"{{{probe.uuid()}}}"):
        probe.get("/statements", {"statementId": value}).refused("statementId is no UUID")
    probe.get("/statements", {"statementId": probe.uuid("unknown")}).expect(404)


@CHECKS.that("XAPI-00165")
def content_type_is_said(probe: Probe) -> None:
    """Answers with statements are application/json."""
    (only,) = some(probe, 1)
    for query in ({"statementId": only}, {"limit": "1"}, mine(probe, format="ids")):
        _is_json(probe.get("/statements", query).expect(200))


@CHECKS.that("XAPI-00161")
def without_attachments_it_is_json(probe: Probe) -> None:
    """With `attachments=false` the answer is application/json."""
    (only,) = some(probe, 1)
    for query in ({"statementId": only}, mine(probe)):
        _is_json(probe.get("/statements", {**query, "attachments": "false"}).expect(200))


def _is_json(answer: Answer) -> None:
    came = answer.header("Content-Type")
    answer.must(came.partition(";")[0].strip().lower() == JSON, f"the Content-Type {JSON}", came)
    answer.must(isinstance(answer.json, dict), "an object")


@CHECKS.that("XAPI-00166")
def order_of_statements(probe: Probe) -> None:
    """The newest are first, with `ascending=true` the oldest."""
    newest = some(probe, 3)
    for value, wanted in (("", newest), ("false", newest), ("true", newest[::-1])):
        found = probe.page(mine(probe, **({"ascending": value} if value else {})))
        ids = statement_ids(found.json["statements"])
        found.must(ids == wanted, f"the order {wanted}", str(ids))
        times = [moment(each["stored"]) for each in found.json["statements"]]
        found.must(times == sorted(times, reverse=value != "true"), "an order by `stored`", str(times))
    for value in ("yes", "", "1", "True"):
        probe.get("/statements", {"ascending": value}).refused("`ascending` is true or false")


@CHECKS.that("XAPI-00173")
def limit_bounds_a_page(probe: Probe) -> None:
    """`limit` is the most on a page; 0 means no limit of the client's; others are refused."""
    newest = some(probe, 3)
    for value, wanted in (
        ("1", newest[:1]),
        ("2", newest[:2]),
        ("3", newest),
        ("100", newest),
        ("0", newest),
    ):
        page = probe.page(mine(probe, limit=value))
        ids = statement_ids(page.json["statements"])
        page.must(ids == wanted, f"{len(wanted)} statements", str(ids))
    for value in ("-1", "many", "", "1.5"):
        probe.get("/statements", {"limit": value}).refused("`limit` is a whole number, 0 or more")


@CHECKS.that("LR-014")
def attachments_is_a_boolean(probe: Probe) -> None:
    """`attachments` is true or false."""
    for value in ("true", "false"):
        probe.get("/statements", mine(probe, attachments=value)).expect(200)
    for value in ("yes", "", "1", "True"):
        probe.get("/statements", mine(probe, attachments=value)).refused("`attachments` is true or false")


@CHECKS.that("XAPI-00171")
def format_ids(probe: Probe) -> None:
    """`format=ids` leaves what identifies: no names, displays, definitions."""
    statement = probe.rich()
    statement["actor"] = {**statement["actor"], "name": "Anna"}
    answer = probe.record(statement)
    found = probe.stored(statement["id"], format="ids")
    answer.must("name" not in found["actor"], "an actor without name", shown(found["actor"]))
    answer.must(
        found["actor"].get("account") == statement["actor"]["account"], "its account", shown(found["actor"])
    )
    answer.must(found["object"].get("id") == statement["object"]["id"], "the id of the object", shown(found))
    answer.must("definition" not in found["object"], "an object without definition", shown(found["object"]))


@CHECKS.that("XAPI-00169")
def format_canonical(probe: Probe) -> None:
    """`format=canonical` shows one language of each language map of an Activity."""
    answer, found = _canonical(probe, None)
    for name in ("name", "description"):
        shown_map = found["object"]["definition"].get(name, {})
        answer.must(len(shown_map) == 1, f"one language in the {name}", shown(shown_map))
    for value in ("canon", "", "IDS", "exact,ids"):
        probe.get("/statements", {"format": value}).refused("`format` is ids, exact or canonical")


@CHECKS.that("XAPI-00172")
def canonical_by_accept_language(probe: Probe) -> None:
    """Accept-Language picks the language, for each map by itself."""
    for header, wanted in (("de-DE", "de-DE"), ("fr", "fr"), ("de-DE;q=0.5, fr;q=0.1, en-US;q=0.2", "de-DE")):
        answer, found = _canonical(probe, header)
        names = found["object"]["definition"].get("name")
        answer.must(
            names == {wanted: NAMES[wanted]},
            f"the name in {wanted} with Accept-Language {header}",
            shown(names),
        )
        described = found["object"]["definition"].get("description")
        answer.must(list(described) == ["it"], "the only language of the description", shown(described))


def _canonical(probe: Probe, languages: str | None) -> tuple[Answer, Any]:
    definition = {"name": NAMES, "description": {"it": "Un corso"}}
    activity = {"objectType": "Activity", "id": probe.iri("activity"), "definition": definition}
    statement = probe.statement(object=activity)
    probe.record(statement)
    query = {"statementId": statement["id"], "format": "canonical"}
    answer = probe.get("/statements", query, {"Accept-Language": languages}).expect(200)
    return answer, answer.json
