"""Articles that another release stored, written anew with what this one finds them by: some with each sweep.

Each is written against the version that was found, with all that it carries: a writer who was faster has written it in
the new form himself. Nothing is noted of how far this came: what is renewed is not found again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.ports.article_store import ArticleStore, Written

MOST_PER_RUN = 20_000  # writers share the search engine with this
READ = 50  # of 200 KB each, with their words, they still fit into a small function
SECONDS_KEPT = 15.0


@dataclass(frozen=True)
class Renewed:
    """What one run did: `written` articles were renewed, about `left` are still to be."""

    written: int
    left: int


class Renewal:
    """Renews articles."""

    def __init__(self, articles: ArticleStore) -> None:
        self._articles = articles

    def run(self, time_left: Callable[[], float]) -> Renewed:
        """Renews some articles: at most `MOST_PER_RUN`, and while more than `SECONDS_KEPT` are left.

        Raises `Unavailable`.
        """
        outdated = self._articles.count_outdated()
        if not outdated:
            return Renewed(0, 0)
        # Before a deployment has extended the index, nothing that is written could be found.
        self._articles.ensure_index()
        written, after = 0, ""
        for _ in range(MOST_PER_RUN // READ):
            if time_left() <= SECONDS_KEPT:
                break
            found = self._articles.find_outdated(after, READ)
            if not found:
                break
            after = found[-1].number
            written += sum(isinstance(outcome, Written) for outcome in self._articles.write_many(found))
        return Renewed(written, max(outdated - written, 0))
