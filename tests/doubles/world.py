"""The whole pipeline on doubles: every trigger, every queue with its dead letters, and faults at any call.

`World.settle` runs the triggers as AWS would until nothing is left to do. A fault is put on the k-th call of a port
(`World.fault_at`); a killed worker leaves its messages in flight until their visibility runs out.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from chalicelib.articles.delivery import Delivered
from chalicelib.errors import FileFault, LightrailError
from chalicelib.joined import Joined
from chalicelib.ledger.posting import exact_counts
from chalicelib.ledger.states import NAMES, as_read, file_state, lanes
from chalicelib.ledger.sweep import Report
from chalicelib.ports.article_store import Article, Document, Entry
from chalicelib.ports.ledger import Conflict
from chalicelib.ports.ledger_records import page_id
from chalicelib.settings import Settings
from tests.doubles.accounts import InMemoryAccounts
from tests.doubles.article_search import MemoryArticleSearch
from tests.doubles.article_store import MemoryArticleStore
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.clock import FakeClock
from tests.doubles.export_baselines import MemoryExportBaselines
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.idempotency import MemoryIdempotency
from tests.doubles.laws import check_laws
from tests.doubles.ledger import MemoryLedger
from tests.doubles.queues import MemoryOrderedQueue, MemoryQueue, Received
from tests.doubles.upload_links import MemoryUploadLinks
from tests.doubles.uploads import MemoryUploads

__all__ = ["FAULTS", "Faults", "Faulty", "Killed", "Web", "World", "entry"]

ENVIRONMENT = {
    "LEDGER_TABLE": "ledger",
    "ACCOUNTS_TABLE": "accounts",
    "RECORDS_TABLE": "records",
    "ACCESS_TABLE": "access",
    "JOBS_TABLE": "jobs",
    "BUCKET": "bucket",
    "FILE_QUEUE_URL": "https://queue.example.com/delta-file.fifo",
    "ARTICLE_QUEUE_URL": "https://queue.example.com/delta-article.fifo",
    "MAINTENANCE_QUEUE_URL": "https://queue.example.com/maintenance",
    "PARKING_QUEUE_URL": "https://queue.example.com/parking",
    "JOB_QUEUE_URL": "https://queue.example.com/record-jobs",
    "OPENSEARCH_URL": "https://search.example.com",
}


@dataclass
class Web:
    """Files by URL: bytes, or the error that fetching them raises."""

    files: dict[str, bytes | Exception] = field(default_factory=dict)

    def check(self, url: str) -> str | None:
        return "this address is not allowed." if "forbidden" in url else None

    def fetch(self, url: str) -> Iterator[bytes]:
        found = self.files.get(url, FileFault("The address answered 404.", "fetch"))
        if isinstance(found, Exception):
            raise found
        yield found


class World(Joined):
    """Everything but HTTP, in memory."""

    def __init__(self, **environment: str) -> None:
        self.environment = {**ENVIRONMENT, **environment}
        self.faults = Faults()
        self.fake_clock = FakeClock()
        self.store = MemoryArticleStore()
        self.memory_ledger = MemoryLedger()
        self.bucket = MemoryBlobs()
        self.memory_uploads = MemoryUploads(self.bucket)
        self.web = Web()
        self.accounts_double = InMemoryAccounts()
        self.memory_idempotency = MemoryIdempotency()
        clock = self.fake_clock
        self.parked = MemoryQueue(clock)
        self.dead_notices = MemoryQueue(clock)
        self.notices = MemoryQueue(clock, max_receive_count=5, dead_letters=self.dead_notices)
        self.dead_files = MemoryOrderedQueue(clock)
        self.files_queue = MemoryOrderedQueue(clock, max_receive_count=5, dead_letters=self.dead_files)
        self.dead_articles = MemoryOrderedQueue(clock)
        self.articles_queue = MemoryOrderedQueue(clock, max_receive_count=50, dead_letters=self.dead_articles)
        self.dead_maintenance = MemoryQueue(clock)
        self.maintenance_messages = MemoryQueue(
            clock, max_receive_count=5, dead_letters=self.dead_maintenance
        )
        self.seconds = 900.0
        self.kills = 0

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_environment(self.environment)

    @property
    def clock(self) -> FakeClock:
        return self.fake_clock

    @cached_property
    def account_store(self) -> Any:
        return self.accounts_double

    @cached_property
    def idempotency_store(self) -> Any:
        return Faulty(self.memory_idempotency, "idempotency", self.faults)

    @cached_property
    def article_store(self) -> Any:
        return Faulty(self.store, "articles", self.faults)

    @cached_property
    def export_baselines(self) -> Any:
        return Faulty(MemoryExportBaselines(), "baselines", self.faults)

    @cached_property
    def article_search(self) -> Any:
        return Faulty(MemoryArticleSearch(self.store), "searches", self.faults)

    @cached_property
    def ledger(self) -> Any:
        return Faulty(self.memory_ledger, "ledger", self.faults)

    @cached_property
    def blobs(self) -> Any:
        return Faulty(self.bucket, "blobs", self.faults)

    @cached_property
    def uploads(self) -> Any:
        return Faulty(self.memory_uploads, "uploads", self.faults)

    @cached_property
    def upload_links(self) -> Any:
        return Faulty(MemoryUploadLinks(), "upload_links", self.faults)

    @cached_property
    def fetcher(self) -> Any:
        return self.web

    @cached_property
    def file_queue(self) -> Any:
        return Faulty(self.files_queue, "file_queue", self.faults)

    @cached_property
    def article_queue(self) -> Any:
        return Faulty(self.articles_queue, "article_queue", self.faults)

    @cached_property
    def maintenance_queue(self) -> Any:
        return Faulty(self.maintenance_messages, "maintenance_queue", self.faults)

    @cached_property
    def parking_queue(self) -> Any:
        return Faulty(self.parked, "parking_queue", self.faults)

    def jitter(self) -> float:
        return 0.01

    # What people do

    def drop(self, name: str, entries: Iterable[object] | bytes) -> None:
        """Puts a delta file into the bucket; the bucket sends its notice."""
        data = entries if isinstance(entries, bytes) else json.dumps(list(entries)).encode()
        key = f"delta/{name}"
        self.announce(key, self.bucket.put(key, data))

    def announce(self, key: str, version_id: str) -> None:
        """A notice of the bucket."""
        record = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key, "versionId": version_id}}}
        self.notices.send(json.dumps({"Records": [record]}))

    def submit(self, *urls: str, strict: bool = False) -> list[int]:
        """Sends URLs by the API."""
        return self.acceptance.accept_urls(urls, strict)

    # What AWS does

    def intake_once(self) -> None:
        self._each(self.notices, lambda received: self.intake.take(received.body))

    def file_worker_once(self) -> None:
        self._each(self.files_queue, lambda _: self.fan_out.work(self._time_left), limit=1)

    def maintenance_once(self) -> None:
        self._each(self.maintenance_messages, lambda r: self.maintenance.do(r.body, self._time_left), limit=1)

    def apply_once(self) -> None:
        batch = self.articles_queue.receive()
        if batch:
            self.apply_batch(batch)

    def apply_batch(self, batch: Sequence[Received]) -> None:
        """One invocation of the apply function."""
        delivered = [Delivered(m.message_id, m.body, m.group, m.receive_count) for m in batch]
        try:
            failed = self.delivery.handle(delivered, self._time_left)
        except Killed:
            self.kills += 1
            return  # the batch stays in flight until its visibility runs out
        except (LightrailError, Conflict):
            failed = [message.message_id for message in batch]  # the whole batch comes again
        self.articles_queue.settle(batch, failed)

    def dead_letters_once(self) -> None:
        for name, queue in (
            ("delta-notices-dead", self.dead_notices),
            ("delta-file-dead", self.dead_files),
            ("delta-article-dead", self.dead_articles),
            ("maintenance-dead", self.dead_maintenance),
        ):
            self._each(queue, lambda received, name=name: self.dead_letters.take(name, received.body))

    def sweep_once(self) -> Report | None:
        try:
            return self.sweep.run(self._time_left)
        except (LightrailError, Killed):
            return None

    def step(self) -> None:
        """Every trigger once."""
        self.intake_once()
        self.file_worker_once()
        self.maintenance_once()
        self.apply_once()
        self.dead_letters_once()

    def settle(self, rounds: int = 3000) -> None:
        """Runs every trigger until nothing is left in any queue and the sweep has nothing to do."""
        for _ in range(rounds):
            before = self._load()
            self.step()
            if self._load() == before:
                self.fake_clock.advance(61)
                sweeps = self.sweep_once(), self.sweep_once()
                if None not in sweeps and not self._busy() and not self._file_worker_goes_on():
                    return
        raise AssertionError(f"never settles: {self._load()}")

    def _each(self, queue: Any, handle: Any, limit: int = 10) -> None:
        for received in queue.receive(limit):
            try:
                handle(received)
            except (LightrailError, Conflict):
                continue  # comes again
            except Killed:
                self.kills += 1
                return
            queue.acknowledge(received)

    def _time_left(self) -> float:
        return self.seconds

    def queues(self) -> dict[str, Any]:
        """Every queue that has to be empty in the end."""
        return {
            "notices": self.notices,
            "files": self.files_queue,
            "maintenance": self.maintenance_messages,
            "articles": self.articles_queue,
            "dead notices": self.dead_notices,
            "dead files": self.dead_files,
            "dead articles": self.dead_articles,
            "dead maintenance": self.dead_maintenance,
        }

    def _queues(self) -> list[Any]:
        return list(self.queues().values())

    def _load(self) -> tuple[int, ...]:
        return (*(len(queue) for queue in self._queues()), len(self.faults.seen))

    def _file_worker_goes_on(self) -> bool:
        """Whether the wake-up of the last sweep brought a file on."""
        before = self.memory_ledger.control().sent_to
        self.file_worker_once()
        return self.memory_ledger.control().sent_to != before

    def _busy(self) -> bool:
        control = self.memory_ledger.control()
        if self.waits_for_predecessors():  # then a wake-up a minute is all there is
            return any(len(queue) for queue in self._queues() if queue is not self.files_queue)
        return control.sent_to < control.seq or any(len(queue) for queue in self._queues())

    def waits_for_predecessors(self) -> bool:
        """Whether the next file is held up by a change of scope or packing."""
        control = self.memory_ledger.control()
        found = self.memory_ledger.file(control.sent_to + 1)
        own = lanes(self.settings.delta_block_scope, self.settings.entries_per_message)
        return found is not None and found[0].stage == "queued" and control.lanes not in ("", own)

    # What can be seen

    def counts(self, n: int) -> Counter[str]:
        """Entries of a file by name of their state."""
        found = self.memory_ledger.file(n)
        assert found is not None, f"no file {n}"
        control = self.memory_ledger.control()
        counts = exact_counts(self.memory_ledger, *found, control)
        return Counter({NAMES[letter]: count for letter, count in counts.items()})

    def file_state(self, n: int) -> str:
        found = self.memory_ledger.file(n)
        assert found is not None, f"no file {n}"
        control = self.memory_ledger.control()
        return file_state(found[0], exact_counts(self.memory_ledger, *found, control), control)

    def entry_state(self, n: int, pos: int) -> str:
        page = self.memory_ledger.pages([page_id(Entry(n, pos))])[page_id(Entry(n, pos))]
        return NAMES[as_read(page.state(Entry(n, pos)), n, page.epoch, self.memory_ledger.control())]

    def document(self, number: str) -> Document | None:
        return self.store.document(number)

    def put_article(self, number: str, **values: str) -> None:
        """Stores an article as an API client would have."""
        current = self.store.stored(number)
        article = current or Article(number, None)
        self.store.write_many([replace(article, document={"id": number, "F_1": number, **values})])

    def check(self) -> None:
        """Everything that must hold once nothing is left to do; see `tests.doubles.laws`."""
        check_laws(self, settled=not self._busy())


def entry(
    operation: str, number: object, values: Mapping[str, object] | None = None, **more: object
) -> dict[str, object]:
    """One entry of a delta file."""
    return {"operation": operation, "articleData": {"F_1": number, **(values or {}), **more}}
