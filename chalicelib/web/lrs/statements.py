"""The Statement Resource (xAPI 1.0.3 Communication 2.1; IEEE 9274.1.1 4.1.6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chalicelib.lrs.access.permissions import giving, needed_by
from chalicelib.lrs.keys import agent_key, key
from chalicelib.lrs.statements.formats import FORMATS, Format
from chalicelib.lrs.statements.parts import registration_key
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.times import written
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs import statement_answer
from chalicelib.web.lrs.headers import CONSISTENT_THROUGH
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import XAPI, LrsRoute

if TYPE_CHECKING:
    from chalicelib.lrs.statements.recording import Recorded

PATH = f"{XAPI}/statements"
FILTERS = frozenset(
    (
        "agent",
        "verb",
        "activity",
        "registration",
        "related_activities",
        "related_agents",
        "since",
        "until",
        "limit",
        "ascending",
    )
)
BY_ID = ("statementId", "voidedStatementId")
SHOWN = frozenset(("format", "attachments"))
CURSOR = "cursor"
HIGHEST_LIMIT = 2**31 - 1  # any is taken; a page holds fewer and tells with `more` that there are others


def put(call: Call) -> Answer:
    """Records one statement under the id that the query names."""
    parameters = Parameters(call)
    parameters.text("statementId", required=True)
    statement_id = parameters.uuid("statementId")
    parameters.check()
    recorded = _record(call, statement_id)
    return Answer(204, None, _up_to(recorded))


def post(call: Call) -> Answer:
    """Records a statement or a list of them, all or nothing, and tells their ids."""
    recorded = _record(call, None)
    return Answer(200, recorded.ids, _up_to(recorded))


def get(call: Call) -> Answer:
    """Shows one statement, or those that match the filters, page by page."""
    parameters = Parameters(call)
    form = cast(Format, parameters.choice("format", FORMATS) or "exact")
    attachments = parameters.flag("attachments") or False
    given = [name for name in BY_ID if name in call.query]
    if given:
        name = given[0]
        statement_id = parameters.uuid(name)
        for other in sorted(call.query.keys() - SHOWN - {name}):
            parameters.refuse(other, f"With {name} only format and attachments may stand.")
        parameters.check()
        record = call.services.lrs.reader.get(
            call.principal, str(statement_id), voided=name == "voidedStatementId"
        )
        return statement_answer.one(call, record, form, attachments)
    query = _query(parameters)
    page = call.services.lrs.reader.query(call.principal, query, call.query.get(CURSOR))
    return statement_answer.page(call, page, form, attachments)


def _query(parameters: Parameters) -> StatementQuery:
    agent = parameters.agent("agent", groups=True)
    activity, verb = parameters.iri("activity"), parameters.iri("verb")
    registration = parameters.uuid("registration")
    query = StatementQuery(
        agent=agent_key(agent) if agent is not None else None,
        related_agents=parameters.flag("related_agents") or False,
        activity=key(activity) if activity is not None else None,
        related_activities=parameters.flag("related_activities") or False,
        verb=key(verb) if verb is not None else None,
        registration=registration_key(registration) if registration is not None else None,
        since=parameters.time("since"),
        until=parameters.time("until"),
        ascending=parameters.flag("ascending") or False,
        limit=parameters.whole("limit", 0, HIGHEST_LIMIT, 0),
    )
    parameters.check()
    return query


def _record(call: Call, statement_id: str | None) -> Recorded:
    # Only those who write pay for what reads and checks statements.
    from chalicelib.lrs.statements.attaching import attach
    from chalicelib.web.lrs import statement_body

    sent = statement_body.read(call, put=statement_id is not None)
    contents = attach(sent.statements, sent.parts, call.version, put=statement_id is not None)
    return call.services.lrs.recording.record(
        call.principal, call.version, sent.statements, contents, statement_id
    )


def _up_to(recorded: Recorded) -> dict[str, str]:
    """Up to when statements are complete, where the writing has told: it saves a look at the clock."""
    at = recorded.consistent_through
    return {} if at is None else {CONSISTENT_THROUGH: written(at)}


_WRITERS = giving(needed_by("statements", "POST"))
_READERS = giving(needed_by("statements", "GET"))

ROUTES = (
    LrsRoute("PUT", PATH, "xapiPutStatement", put, _WRITERS, frozenset(("statementId",))),
    LrsRoute("POST", PATH, "xapiPostStatements", post, _WRITERS),
    LrsRoute("GET", PATH, "xapiGetStatements", get, _READERS, FILTERS | SHOWN | {*BY_ID, CURSOR}),
)
