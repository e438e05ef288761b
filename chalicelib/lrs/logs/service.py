"""Writing and reading the general log. A log that cannot be written never fails what it tells of."""

from collections.abc import Callable, Mapping

from chalicelib.ports.clock import Clock
from chalicelib.ports.logs import LEVELS, WARNING, LogEntry, LogPage, LogSearch, LogStore, LogType
from chalicelib.times import microseconds

RETENTION_DAYS = 90  # long enough for a quarter's questions; the table's TTL takes entries away
LONGEST_MESSAGE = 500
LONGEST_DETAIL = 200
MOST_DETAILS = 20
SECONDS_PER_DAY = 86_400
PAGE = 500  # entries that are deleted between two looks at the time


class Logs:
    """The general log of all stores."""

    def __init__(
        self,
        store: LogStore,
        clock: Clock,
        new_id: Callable[[], str],
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        self._store, self._clock, self._new_id, self._log_failure = store, clock, new_id, log_failure

    def write(
        self,
        kind: LogType,
        level: int,
        message: str,
        *,
        store: str = "",
        client: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Adds a line. `message` and `details` hold no secret and no part of a body; long ones are cut.

        Raises nothing: what cannot be kept goes to the function's own log.
        """
        try:
            now = self._clock.now()
            at = microseconds(now)
            kept = list((details or {}).items())[:MOST_DETAILS]
            entry = LogEntry(
                id=f"{at:017d}-{self._new_id()}",
                at=at,
                type=kind,
                level=min(max(level, 0), len(LEVELS) - 1),
                message=_cut(message, LONGEST_MESSAGE),
                store=store,
                client=client,
                details={_cut(name, LONGEST_DETAIL): _cut(value, LONGEST_DETAIL) for name, value in kept},
            )
            self._store.add(entry, int(now) + RETENTION_DAYS * SECONDS_PER_DAY)
        except Exception as error:
            self._log_failure(f"an entry of the general log ({kind})", error)

    def tell_of_batches(self, finished: int, undone: int) -> None:
        """Tells of batches of statements that their writers left open. Raises nothing."""
        message = f"Batches of statements were left open: {finished} finished, {undone} undone."
        self.write("records", WARNING, message, details={"finished": str(finished), "undone": str(undone)})

    def page(self, search: LogSearch) -> LogPage:
        """A page of the log, newest first. Raises `Unavailable`."""
        return self._store.page(search, int(self._clock.now()))

    def clear(
        self, levels: tuple[int, ...], until: int, store: str | None, after: str | None = None
    ) -> LogPage:
        """Deletes a page of the entries of these levels up to that time, and tells which they were.

        `next` of the page goes on; None: nothing is left. May be killed and run again. Raises `Unavailable`.
        """
        page = self.page(LogSearch(PAGE, after, levels=levels, store=store, until=until))
        self._store.remove(page.entries)
        return page


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
