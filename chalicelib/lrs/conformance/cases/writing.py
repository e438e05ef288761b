"""Recording of statements (Data 2.1 to 2.4; Communication 2.1.1, 2.1.2; 2.0: 4.1.6.1, 4.2.4)."""

import json
from typing import Any

from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer, shown
from chalicelib.lrs.conformance.probe import Probe
from chalicelib.lrs.conformance.samples import HOME
from chalicelib.lrs.conformance.times import moment
from chalicelib.lrs.versions import V1

CHECKS = Checks()
EXTENSION = f"{HOME}/extension"
LARGE_BYTES = 5_000_000


@CHECKS.that("XAPI-00002")
def numbers_keep_their_precision(probe: Probe) -> None:
    """Numbers come back with the precision of a 32-bit floating point number at least."""
    numbers = (0.1, 16777215, -0.3333333, 1.1754944e-38, 3.4028235e38, 123456.7)
    statement = probe.statement(
        result={"extensions": {EXTENSION: list(numbers)}, "score": {"scaled": 0.1234567}}
    )
    answer = probe.record(statement)
    found = probe.stored(statement["id"])["result"]
    near = zip(
        (*found["extensions"][EXTENSION], found["score"]["scaled"]), (*numbers, 0.1234567), strict=True
    )
    answer.must(all(abs(a - b) <= abs(b) * 1e-7 for a, b in near), f"the numbers {numbers}", shown(found))


@CHECKS.that("XAPI-00014")
def no_json_object(probe: Probe) -> None:
    """What is no JSON, or no object nor list of objects, is refused."""
    for body in (
        b"",
        b"{",
        b'{"actor":}',
        b"text",
        b"7",
        b"null",
        b'"text"',
        b"[7]",
        b'[["a"]]',
        b"{'a': 1}",
    ):
        probe.post(body).refused("this is no statement in JSON")
        probe.put(probe.uuid("put"), body).refused("this is no statement in JSON")


@CHECKS.that("XAPI-00015")
def strings_are_utf8(probe: Probe) -> None:
    """Text of every plane comes back; bytes that are no UTF-8 are refused."""
    text = "Grüße, 你好, हिन्दी, 𝄞😀"
    statement = probe.statement(result={"response": text, "extensions": {EXTENSION: {text: text}}})
    answer = probe.record(statement)
    found = probe.stored(statement["id"])["result"]
    answer.must(found == statement["result"], f"the text {text}", shown(found))
    raw = probe.get("/statements", {"statementId": statement["id"]}).body
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise answer.failed("an answer in UTF-8", shown(raw)) from None
    broken = _bytes(probe.statement("broken", result={"response": "?"})).replace(b'"?"', b'"\xff\xfe"')
    probe.post(broken).refused("this is no UTF-8")


def _bytes(statement: dict[str, Any]) -> bytes:

    return json.dumps(statement).encode()


@CHECKS.that("XAPI-00026")
def id_is_given(probe: Probe) -> None:
    """A statement without id is given one, by which it is found."""
    statement = probe.statement(id=None)
    answer = probe.post(statement).expect(200)
    ids = answer.json
    answer.must(isinstance(ids, list) and len(ids) == 1 and isinstance(ids[0], str), "a list with one id")
    probe.stored(ids[0])


@CHECKS.that("XAPI-00097")
def stored_is_set_by_the_store(probe: Probe) -> None:
    """A statement may bring `stored`; the store's own takes its place."""
    statement = probe.statement(stored="2013-05-18T05:32:34.804Z")
    answer = probe.record(statement)
    found = probe.stored(statement["id"]).get("stored")
    answer.must(
        isinstance(found, str) and moment(found) > moment(statement["stored"]), "the time of now", str(found)
    )


@CHECKS.that("XAPI-00099")
def authority_is_given(probe: Probe) -> None:
    """Without authority a statement is given one; it is the same for the same credentials."""
    first, second = probe.statement("first"), probe.statement("second")
    answer = probe.record(first, second)
    given = [probe.stored(each["id"]).get("authority") for each in (first, second)]
    good = isinstance(given[0], dict) and given[0] == given[1]
    answer.must(good, "the same authority on both statements", shown(given))


@CHECKS.that("XAPI-00122")
def milliseconds_are_kept(probe: Probe) -> None:
    """A timestamp keeps three decimals of a second."""
    statement = probe.statement(timestamp="2024-02-29T12:34:56.987Z")
    answer = probe.record(statement)
    found = probe.stored(statement["id"])["timestamp"]
    answer.must(
        moment(found) == moment(statement["timestamp"]), "the timestamp with .987 seconds", str(found)
    )
    stored = probe.stored(statement["id"])["stored"]
    answer.must("." in stored, "`stored` with milliseconds", str(stored))


@CHECKS.that("XAPI-00119")
def extensions_come_back(probe: Probe) -> None:
    """Extensions of any JSON, null and empty ones too, come back as they were."""
    extensions = {f"{HOME}/{name}": value for name, value in _ANY.items()}
    for number, (way, put) in enumerate((("POST", False), ("PUT", True))):
        statement = probe.statement(number, result={"extensions": extensions})
        answer = probe.put(statement["id"], statement).expect(204) if put else probe.record(statement)
        found = probe.stored(statement["id"])["result"].get("extensions")
        answer.must(found == extensions, f"the extensions as they were sent with {way}", shown(found))


_ANY: dict[str, Any] = {
    "null": None,
    "empty": "",
    "object": {},
    "list": [],
    "zero": 0,
    "false": False,
    "deep": {"a": [None, {"b": ""}]},
}


@CHECKS.that("XAPI-00142")
def an_id_is_never_changed(probe: Probe) -> None:
    """The same statement again is no fault; another one with its id changes nothing, by POST or PUT."""
    statement = probe.statement()
    probe.record(statement)
    before = probe.stored(statement["id"])
    probe.post(statement).expect(200, 204, because="this very statement is stored")
    other = {**statement, "verb": {"id": f"{HOME}/verbs/other"}}
    probe.post(other).expect(409, 204, because="its id is that of another statement")
    probe.put(statement["id"], other).expect(409, 204, because="its id is that of another statement")
    answer = probe.get("/statements", {"statementId": statement["id"]}).expect(200)
    answer.must(answer.json == before, "the statement that was there before", None)


@CHECKS.that("XAPI-00143")
def put_is_answered_with_204(probe: Probe) -> None:
    """PUT of a statement, with or without id in it: 204 and no body; it is stored."""
    for label, keep in (("with id", True), ("without id", False)):
        statement = probe.statement(label)
        body = statement if keep else {**probe.statement(label, id=None)}
        answer = probe.put(statement["id"], body).expect(204)
        answer.must(not answer.body, "no body")
        probe.stored(statement["id"])


@CHECKS.that("XAPI-00144")
def put_stores_under_the_id(probe: Probe) -> None:
    """PUT stores the statement under its statementId."""
    answer = probe.put(probe.uuid(), probe.statement(id=None)).expect(204)
    found = probe.stored(probe.uuid())
    answer.must(found.get("actor") == probe.agent(), "the statement that was sent", shown(found))


@CHECKS.that("XAPI-00145")
def put_needs_an_id(probe: Probe) -> None:
    """PUT without statementId is refused, also where the statement has an id."""
    probe.call("PUT", "/statements", {}, probe.statement()).refused("statementId is missing")
    probe.call("PUT", "/statements", {}, probe.statement(id=None)).refused("statementId is missing")


@CHECKS.that("LR-013")
def put_needs_the_same_id(probe: Probe) -> None:
    """The statementId of a PUT is a UUID and agrees with the statement's own id."""
    probe.put("7", probe.statement(id=None)).refused("statementId is no UUID")
    probe.put(probe.uuid("other"), probe.statement()).refused("the statement has another id")


@CHECKS.that("XAPI-00328")
def what_is_too_large_is_413(probe: Probe) -> None:
    """A statement of some megabytes is taken, or refused with 413."""
    statement = probe.statement(result={"response": "x" * LARGE_BYTES})
    answer = probe.post(statement)
    answer.expect(200, 413, because=f"the statement has {LARGE_BYTES} bytes")


@CHECKS.that("XAPI-00146")
def post_tells_the_ids(probe: Probe) -> None:
    """POST is answered with the ids in the order of the statements."""
    statements = [probe.statement(label) for label in ("c", "a", "b")]
    probe.record(*statements)
    for statement in statements:
        probe.stored(statement["id"])


@CHECKS.that("XAPI-00147")
def post_takes_one_or_many(probe: Probe) -> None:
    """POST takes a statement, or a list of them."""
    single = probe.statement("single")
    answer = probe.post(single).expect(200)
    answer.must(answer.json == [single["id"]], f"a list with the id {single['id']}")
    probe.record(probe.statement("first"), probe.statement("second"))


@CHECKS.that("XAPI-00326")
def a_batch_is_whole_or_nothing(probe: Probe) -> None:
    """Of a batch with one bad statement nothing is stored, wherever the bad one stands."""
    for place in (0, 1, 2):
        batch = [probe.statement(f"{place} {number}") for number in range(3)]
        batch[place] = {**batch[place], "verb": {"id": "tested"}}
        probe.post(batch).refused(f"statement {place} of the batch has a verb without IRI")
        for each in batch:
            probe.get("/statements", {"statementId": each["id"]}).expect(
                404, because="nothing of it was stored"
            )


@CHECKS.that("XAPI-00330")
def statements_of_older_versions_are_kept(probe: Probe) -> None:
    """A statement that says an older version than the request is stored as it is."""
    statement = probe.rich()
    statement["version"] = "1.0.0"
    answer = probe.record(statement)
    found = probe.stored(statement["id"])
    _same(answer, {**statement, "version": found["version"]}, found)


@CHECKS.that("XAPI-00332")
def version_is_kept_or_given(probe: Probe) -> None:
    """A statement keeps its version; one without is given that of the specification."""
    said = "1.0.0" if probe.version == V1 else "2.0.0"
    kept, given = probe.statement("kept", version=said), probe.statement("given")
    answer = probe.record(kept, given)
    for each in (kept, given):
        version = probe.stored(each["id"]).get("version")
        answer.must(version == said, f"a statement of version {said}", str(version))


@CHECKS.that("XAPI-00170", "XAPI-00168")
def statements_come_back_as_they_were(probe: Probe) -> None:
    """What was sent comes back, and nothing is added but what the store sets."""
    statement = probe.rich()
    answer = probe.record(statement)
    query = {"format": "exact"} if probe.check_id.startswith("XAPI-00170") else {}
    found = probe.stored(statement["id"], **query)
    _same(answer, statement, found)
    page = probe.page({"agent": shown(statement["actor"]), **query})
    page.must(page.json["statements"] == [found], "the same statement in a list")


def _same(answer: Answer, sent: dict[str, Any], found: dict[str, Any]) -> None:
    """Fails unless the statement was only added to by what a store sets."""
    for name, value in sent.items():
        same = moment(found[name]) == moment(value) if name == "timestamp" else found.get(name) == value
        answer.must(same, f"{name} as it was sent, {shown(value)}", shown(found.get(name)))
    more = found.keys() - sent.keys() - {"stored", "authority", "version", "timestamp"}
    answer.must(not more, "nothing but stored, authority, timestamp and version added", shown(sorted(more)))
