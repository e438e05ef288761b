"""Statements with pseudonyms in the place of agents. Pure; what is replaced already stays as it is.

Not replaced: the authority, which names who recorded a statement. What people wrote in texts, extensions and
attachments cannot be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.lrs.validation.equality import SIGNATURE_USAGE

if TYPE_CHECKING:
    from chalicelib.lrs.pseudonyms.identities import Pseudonyms

Json = Mapping[str, object]
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_ONE = ("instructor", "team")
_LISTS = {"contextAgents": "agent", "contextGroups": "group"}


def pseudonymized(statement: Json, pseudonyms: Pseudonyms) -> dict[str, object]:
    """The statement with pseudonyms for actor, object, instructor, team, members, contextAgents and contextGroups.

    The same in its SubStatement. Signatures hold the whole statement, so their entries go from its attachments;
    `signatures_of` tells whose bytes are to go too. Takes unchecked statements.
    """
    made = _replaced(statement, pseudonyms)
    if "authority" in statement:
        made["authority"] = statement["authority"]
    return made


def signatures_of(statement: Json) -> list[str]:
    """SHA-2 of the signatures that a statement, or its SubStatement, has, and no other attachment of it."""
    every = list(_attachments(statement))
    signatures = [sha2 for sha2, signature in every if signature]
    others = {sha2 for sha2, signature in every if not signature}
    return [sha2 for sha2 in dict.fromkeys(signatures) if sha2 not in others]


def _replaced(statement: Json, pseudonyms: Pseudonyms) -> dict[str, object]:
    made = dict(statement)
    for name in ("actor", "authority"):  # a SubStatement has no authority; in an unchecked one it is anybody
        _replace(made, name, pseudonyms)
    inner = made.get("object")
    if isinstance(inner, Mapping):
        if inner.get("objectType") == "SubStatement":
            made["object"] = _replaced(inner, pseudonyms)
        elif _is_agent(inner):
            made["object"] = pseudonyms.agent(inner)
    context = made.get("context")
    if isinstance(context, Mapping):
        made["context"] = _context(context, pseudonyms)
    attachments = made.get("attachments")
    if isinstance(attachments, list):
        kept = [each for each in attachments if not _is_signature(each)]
        made["attachments"] = kept
        if attachments and not kept:
            del made["attachments"]
    return made


def _context(context: Json, pseudonyms: Pseudonyms) -> dict[str, object]:
    made = dict(context)
    for name in _ONE:
        _replace(made, name, pseudonyms)
    for name, part in _LISTS.items():
        listed = made.get(name)
        if isinstance(listed, list):
            made[name] = [_with(each, part, pseudonyms) for each in listed]
    return made


def _with(value: object, name: str, pseudonyms: Pseudonyms) -> object:
    if not isinstance(value, Mapping):
        return value
    made = dict(value)
    _replace(made, name, pseudonyms)
    return made


def _replace(value: dict[str, object], name: str, pseudonyms: Pseudonyms) -> None:
    agent = value.get(name)
    if isinstance(agent, Mapping):
        value[name] = pseudonyms.agent(agent)


def _is_agent(value: Json) -> bool:
    """Whether an object is one; an unchecked one that only has the identifier of an agent counts too."""
    if value.get("objectType") in ("Agent", "Group"):
        return True
    return "id" not in value and any(name in value for name in _IDENTIFIERS)


def _attachments(statement: Json) -> Iterator[tuple[str, bool]]:
    """The hash of each attachment, and whether it is a signature."""
    attachments = statement.get("attachments")
    listed: Sequence[object] = attachments if isinstance(attachments, list) else ()
    for each in listed:
        if isinstance(each, Mapping) and isinstance(sha2 := each.get("sha2"), str):
            yield sha2.lower(), _is_signature(each)
    inner = statement.get("object")
    if isinstance(inner, Mapping) and inner.get("objectType") == "SubStatement":
        yield from _attachments(inner)


def _is_signature(attachment: object) -> bool:
    return isinstance(attachment, Mapping) and attachment.get("usageType") == SIGNATURE_USAGE
