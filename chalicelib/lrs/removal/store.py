"""The steps in which a store is deleted, each gone through page by page and harmless to do again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from chalicelib.errors import NotFound, Unavailable, WriteConflict
from chalicelib.jobs.run_type import Done, Json, RunFailed
from chalicelib.lrs.access.identity import new_version
from chalicelib.lrs.data.documents import INDEX_SECONDS
from chalicelib.lrs.data.entries import Entries
from chalicelib.lrs.data.shape import DataPage, DataService, amount, whole
from chalicelib.lrs.jobs.machine import types
from chalicelib.lrs.jobs.machine.data import PER_PAGE, data_of
from chalicelib.lrs.jobs.machine.job_type import SERVICES
from chalicelib.lrs.statements.settling import pending
from chalicelib.ports.documents import DocumentService
from chalicelib.ports.logs import LogEntry, LogSearch
from chalicelib.ports.lrs_access import StoreRecord
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.ports.jobs import JobRecord

PART = "The store"
TRIES = 20
# Who was let in before the store was closed has ended then: a function lives 30 seconds behind the gateway.
QUIET = 35 * 1_000_000
# A worker of a job that was deleted ends with its page; its lease tells how long that takes at most.
QUIET_AFTER_JOBS = 125 * 1_000_000
INDEX = int(INDEX_SECONDS * 1_000_000)
WAIT_SECONDS = 2.0
LATEST = 2**52 - 2  # microseconds: the last time that the ids of tokens can tell
STAYS = "stores-deletion"  # jobs of this type tell which stores were deleted

FIRST: Json = {"step": 0}
LAST_READY = (
    "Another run closes the last other store at this moment; run the job again once a store is ready."
)


def is_last_ready(stores: Sequence[StoreRecord], store_id: str) -> bool:
    """Whether the store with this id is ready and no other is."""
    return [store.id for store in stores if store.status == "ready"] == [store_id]


@dataclass(frozen=True)
class RemovalStep:
    """`page` decides what is next behind a position (of this step, or the one before); `remove` does it.

    `counts`: whether its items are counted.
    """

    name: str
    page: Callable[[Removal, Json], DataPage]
    remove: Callable[[Removal, Sequence[Json]], object]
    counts: bool = True


class Removal:
    """The removal of one store, for one page."""

    def __init__(self, work: Work) -> None:
        self.work, self.lrs, self.slug = work, work.lrs, work.store

    def store(self) -> StoreRecord | None:
        """The store as it is; None: it is gone, whoever has its slug now."""
        found = self.lrs.access_store.read("", self.slug).store
        return found if found is not None and found.id == self.work.settings["store_id"] else None

    def counts(self) -> dict[str, int]:
        """About how much there is of what."""
        counts = {name: data_of(self.lrs, name).count(self.slug, self.now()) for name in SERVICES}
        return {**counts, "clients": len(self.lrs.access_store.clients(self.slug)), "store": 1}

    def page(self, position: Json) -> DataPage:
        """What is next in the step of the position."""
        return STEPS[whole(position["step"])].page(self, position)

    def remove(self, step: int, items: Sequence[Json]) -> Done:
        """Does a page of a step; what stays, because it was changed meanwhile, goes at the second time."""
        stay = STEPS[step].remove(self, items)
        kept = len(stay) if isinstance(stay, list) else 0
        notes = [f"Deletes the store {self.slug} with all that is in it."] if step == 0 else []
        return Done(done=self.counted(step, items) - kept, notes=notes)

    def counted(self, step: int, items: Sequence[Json]) -> int:
        """How many of the items count."""
        return amount(items) if STEPS[step].counts else 0

    def now(self) -> int:
        """The time in microseconds."""
        return microseconds(self.lrs.clock.now())

    def data(self, name: str) -> DataService:
        """A service of data; `terms` is one too."""
        if name == "terms":
            return Entries("terms", self.lrs.registry_store, self.lrs.registries)
        return data_of(self.lrs, name)


def _once(items: Sequence[Json], position: Json) -> DataPage:
    """The only page of a step."""
    return DataPage(items, position, True)


def _close_page(removal: Removal, position: Json) -> DataPage:
    return _once([{"store": removal.slug}], {})


def _close(removal: Removal, items: Sequence[Json]) -> None:
    """Closes the store, and opens it again where it turns out that none is left: another run closed one as well."""
    access = removal.lrs.access_store
    for _ in range(TRIES):
        store = removal.store()
        if store is None:
            return
        closed = replace(store, status="deleting", version=new_version())
        if store.status == "ready" and not access.put_store(closed, store.version):
            continue
        if any(each.status == "ready" for each in access.stores()):
            return
        if access.put_store(replace(closed, status="ready", version=new_version()), _version(removal)):
            raise RunFailed(LAST_READY)
    raise Unavailable(PART, "others kept changing it")


def _version(removal: Removal) -> str | None:
    store = removal.store()
    return None if store is None else store.version


def _jobs_page(removal: Removal, position: Json) -> DataPage:
    """Jobs of the store, type by type."""
    closed_at = position.get("closed_at", removal.now())
    busy, kinds = bool(position.get("busy")), [name for name in types.names() if name != STAYS]
    at = whole(position.get("type", 0))
    cursor = position.get("cursor")
    if at >= len(kinds):
        return DataPage((), {"closed_at": closed_at, "busy": busy}, True)
    page = removal.lrs.job_store.page(kinds[at], None if cursor is None else str(cursor), PER_PAGE)
    own = [job for job in page.jobs if job.store == removal.slug]
    busy = busy or any(job.run is not None for job in own)
    following = {"type": at, "cursor": page.next} if page.next is not None else {"type": at + 1}
    items = [{"type": job.type, "id": job.id} for job in own]
    return DataPage(items, {**following, "closed_at": closed_at, "busy": busy}, False)


def _remove_jobs(removal: Removal, items: Sequence[Json]) -> None:
    for item in items:
        _remove_job(removal, str(item["type"]), str(item["id"]))


def _remove_job(removal: Removal, kind: str, name: str) -> None:
    """Removes a job, whatever a worker writes meanwhile."""
    for _ in range(TRIES):
        found: JobRecord | None = removal.lrs.job_store.get(kind, name)
        if found is None or removal.lrs.job_store.delete(found):
            return
    raise Unavailable(PART, "a job kept changing")


def _data_step(name: str) -> RemovalStep:
    def page(removal: Removal, position: Json) -> DataPage:
        at, cutoff = position.get("at"), position.get("cutoff")
        # Documents are listed from an index that is a little behind; who comes too late is found the second time.
        latest = removal.now() - (INDEX if name in get_args(DocumentService) else 0)
        upto = latest if cutoff is None else whole(cutoff)
        data = removal.data(name)
        found = data.page(removal.slug, upto, at if isinstance(at, dict) else None, data.per_page)
        kept = {key: position[key] for key in ("closed_at", "busy") if key in position}
        following = kept if found.last else {**kept, "at": found.next, "cutoff": upto}
        return DataPage(found.items, following, found.last)

    return RemovalStep(name, page, lambda removal, items: removal.data(name).remove(removal.slug, items))


def _quiet_page(removal: Removal, position: Json) -> DataPage:
    """Waits until nobody who was let in can be writing; the sweep ends the batches of those who died."""
    quiet = QUIET_AFTER_JOBS if position.get("busy") else QUIET
    left = whole(position["closed_at"]) + quiet - removal.now()
    if left <= 0 and not removal.lrs.record_clock.read(removal.slug).open:
        return DataPage((), {}, True)
    removal.lrs.clock.sleep(WAIT_SECONDS)
    return DataPage((), position, False)


def _rest_page(removal: Removal, position: Json) -> DataPage:
    return _once([{"store": removal.slug}], {})


def _remove_rest(removal: Removal, items: Sequence[Json]) -> None:
    """What no reader sees: statements of batches that were undone or that would have replaced others, and marks."""
    undone = sorted(removal.lrs.record_clock.read(removal.slug).undone)
    if undone:
        removal.lrs.settling.clear_late(removal.slug, undone)
    for place in (removal.slug, pending(removal.slug)):
        while removal.lrs.statement_store.clear_store(place, PER_PAGE):
            continue


def _tokens_page(removal: Removal, position: Json) -> DataPage:
    found = removal.lrs.token_store.created_until(removal.slug, LATEST, PER_PAGE)
    return DataPage([{"id": token.id} for token in found], {}, not found)


def _remove_tokens(removal: Removal, items: Sequence[Json]) -> None:
    removal.lrs.token_store.remove(removal.slug, [str(item["id"]) for item in items])


def _logs_page(removal: Removal, position: Json) -> DataPage:
    after, until = position.get("after"), whole(position.get("until", removal.now()))
    search = LogSearch(PER_PAGE, None if after is None else str(after), store=removal.slug, until=until)
    page = removal.lrs.logs.page(search)
    items = [{"id": entry.id, "at": entry.at} for entry in page.entries]
    return DataPage(items, {"after": page.next, "until": until} if page.next else {}, page.next is None)


def _remove_logs(removal: Removal, items: Sequence[Json]) -> None:
    removal.lrs.log_store.remove(
        [LogEntry(str(item["id"]), whole(item["at"]), "console", 0, "") for item in items]
    )


def _clients_page(removal: Removal, position: Json) -> DataPage:
    clients = removal.lrs.access_store.clients(removal.slug)
    return _once([{"id": client.id, "slug": client.slug} for client in clients], {})


def _remove_clients(removal: Removal, items: Sequence[Json]) -> None:
    for item in items:
        try:
            removal.lrs.access.clients.delete(str(item["id"]))
        except NotFound:
            continue
        except WriteConflict as error:
            raise Unavailable(PART, "a client kept changing") from error


def _store_page(removal: Removal, position: Json) -> DataPage:
    return _once([{"store": removal.slug}], {})


def _remove_store(removal: Removal, items: Sequence[Json]) -> None:
    removal.lrs.record_clock.forget_store(removal.slug)
    for _ in range(TRIES):
        store = removal.store()
        if store is None or removal.lrs.access_store.delete_store(store.slug, store.version):
            return
    raise Unavailable(PART, "others kept changing it")


_DATA = tuple(_data_step(name) for name in SERVICES)
STEPS: tuple[RemovalStep, ...] = (
    RemovalStep("close", _close_page, _close, counts=False),
    RemovalStep("jobs", _jobs_page, _remove_jobs),
    *_DATA,
    RemovalStep("quiet", _quiet_page, lambda removal, items: None, counts=False),
    *_DATA,
    _data_step("terms"),
    RemovalStep("rest", _rest_page, _remove_rest, counts=False),
    RemovalStep("tokens", _tokens_page, _remove_tokens),
    RemovalStep("logs", _logs_page, _remove_logs),
    RemovalStep("clients", _clients_page, _remove_clients),
    RemovalStep("store", _store_page, _remove_store),
)
