"""Storing what a round changed: one bulk write, and which of the round's verdicts hold after it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from chalicelib.articles.evaluation import Round, Verdict
from chalicelib.ledger.states import FAILED
from chalicelib.ports.article_store import ArticleStore, Entry, Lost, Refused, Written


@dataclass
class Stored:
    """What the write of a round came to.

    verdicts: those that hold; the others depend on an article that was not written. refused: articles that the store
    refuses with several entries in them: these go one by one. unknown: gate keys with a write without an answer.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)


def store_round(articles: ArticleStore, result: Round, now: float) -> Stored:
    """Writes the changed articles of a round against the versions that were read."""
    stored, unsettled, failed = Stored(), set[str](), dict[Entry, str]()
    writes = result.writes()
    outcomes = articles.write_many([chain.to_write(now) for chain in writes.values()]) if writes else []
    missed = {
        number: outcome
        for number, outcome in zip(writes, outcomes, strict=True)
        if not isinstance(outcome, Written)
    }
    for number, of_article in _by_article(result.verdicts, missed).items():
        outcome = missed[number]
        if isinstance(outcome, Refused) and len(of_article) == 1:
            failed[of_article[0].work.entry] = outcome.reason
            continue
        unsettled |= {verdict.work.key for verdict in of_article}
        if isinstance(outcome, Refused):
            stored.refused.add(number)
        elif not isinstance(outcome, Lost):
            stored.unknown |= {verdict.work.key for verdict in of_article}
    stored.verdicts = _holding(result.verdicts, unsettled, failed)
    return stored


def _by_article(verdicts: Sequence[Verdict], numbers: Collection[str]) -> dict[str, list[Verdict]]:
    """The verdicts on these articles, each of which has one at least, in their order."""
    found: dict[str, list[Verdict]] = {number: [] for number in numbers}
    for verdict in verdicts if found else ():
        number = verdict.work.number
        if number is not None and number in found:
            found[number].append(verdict)
    return found


def _holding(verdicts: Sequence[Verdict], unsettled: set[str], failed: dict[Entry, str]) -> list[Verdict]:
    holding = []
    for verdict in verdicts:
        if verdict.work.key in unsettled:
            continue
        reason = failed.get(verdict.work.entry)
        if reason is not None:
            text = f"The store refuses the article {verdict.work.number}: {reason}"
            verdict = Verdict(verdict.work, FAILED, (text,), "refused")
        holding.append(verdict)
    return holding
