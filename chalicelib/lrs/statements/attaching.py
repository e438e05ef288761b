"""Matches the parts of a request to the attachments of its statements, by the SHA-256 of the raw bytes alone.

Sources: xAPI 1.0.3 Communication 1.5.2, Data 2.4.11 and 2.6; IEEE 9274.1.1 4.1.3 and 4.2.2.6.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from chalicelib.lrs.errors import InvalidStatements
from chalicelib.lrs.multipart import Part
from chalicelib.lrs.versions import XapiVersion

HASH = "x-experience-api-hash"
ENCODING = "content-transfer-encoding"
MOST_ATTACHMENTS = 500  # of one request; each is a record and an object to write within one call

Faults = dict[str, list[str]]


def attach(
    statements: Sequence[object], parts: Sequence[Part], version: XapiVersion, *, put: bool = False
) -> Mapping[str, bytes]:
    """The bytes of the attachments that came along, by SHA-256 in lower-case hex.

    `parts`: those after the first. `put`: the one statement of a PUT, for the paths of the faults. Raises
    `InvalidStatements` with every fault: a surplus part, one without its hash or in another transfer encoding, an
    attachment with neither bytes nor `fileUrl`, a signature that does not sign its statement.
    """
    faults: Faults = {}
    places = ["statement"] if put else [f"statements[{index}]" for index in range(len(statements))]
    hashes = (
        attachment.get("sha2") for statement in statements for _, attachment in _attachments(statement, "")
    )
    wanted = frozenset(sha2.lower() for sha2 in hashes if isinstance(sha2, str))
    contents = _contents(parts, wanted, faults)
    if len(contents) > MOST_ATTACHMENTS:
        raise InvalidStatements({"parts": [f"A request carries {MOST_ATTACHMENTS} attachments at most."]})
    for place, statement in zip(places, statements, strict=True):
        _check_bytes(statement, place, contents, faults)
        _check_signatures(statement, place, contents, version, faults)
    if faults:
        raise InvalidStatements(faults)
    return contents


def _contents(parts: Sequence[Part], wanted: frozenset[str], faults: Faults) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, part in enumerate(parts, 2):
        sha256 = hashlib.sha256(part.content).hexdigest()
        said = part.headers.get(HASH, "").strip().lower()
        encoding = part.headers.get(ENCODING, "binary").strip().lower()
        if not said:
            _note(faults, number, "must have the header X-Experience-API-Hash (XAPI-00132)")
        elif encoding != "binary":
            _note(faults, number, "must have Content-Transfer-Encoding: binary, and be sent so (XAPI-00135)")
        elif said != sha256:
            _note(
                faults,
                number,
                f"has the SHA-256 {sha256}, which its X-Experience-API-Hash is not (XAPI-00132)",
            )
        elif said not in wanted:
            _note(faults, number, "belongs to no attachment: no sha2 is its hash (XAPI-00128)")
        else:
            found[sha256] = part.content
    return found


def _check_bytes(statement: object, place: str, contents: Mapping[str, bytes], faults: Faults) -> None:
    for path, attachment in _attachments(statement, place):
        sha2 = attachment.get("sha2")
        if "fileUrl" not in attachment and not (isinstance(sha2, str) and sha2.lower() in contents):
            faults.setdefault(path, []).append(
                "needs its bytes as a part of the request, sha2 being their SHA-256, or a fileUrl (XAPI-00129)"
            )


def _check_signatures(
    statement: object, place: str, contents: Mapping[str, bytes], version: XapiVersion, faults: Faults
) -> None:
    if not isinstance(statement, dict) or not statement.get("attachments"):
        return
    from chalicelib.lrs.validation import validate_statement
    from chalicelib.lrs.validation.signatures import check_signatures, signature_hashes

    # What a signature must equal is only defined for a valid statement; another is refused for its own faults.
    if signature_hashes(statement) and not validate_statement(statement, version):
        for fault in check_signatures(statement, contents, version):
            faults.setdefault(f"{place}.{fault.path}", []).append(f"{fault.rule} ({fault.requirement})")


def _attachments(statement: object, place: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The attachments of a statement and of its SubStatement, each with its path."""
    if not isinstance(statement, dict):
        return
    attachments = statement.get("attachments")
    for index, each in enumerate(attachments if isinstance(attachments, list) else ()):
        if isinstance(each, dict):
            yield f"{place}.attachments[{index}]", each
    inner = statement.get("object")
    if isinstance(inner, dict) and inner.get("objectType") == "SubStatement":
        yield from _attachments({**inner, "object": None}, f"{place}.object")


def _note(faults: Faults, number: int, rule: str) -> None:
    faults.setdefault(f"parts[{number}]", []).append(rule)
