"""A world of doubles in which every single write is held to the rules of `tests.doubles.pipeline_rules`."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from chalicelib.errors import LightrailError
from chalicelib.ports.article_store import Article, Outcome, Refused, Written
from chalicelib.ports.ledger import Change, Put
from tests.doubles.article_store import MemoryArticleStore
from tests.doubles.entry_model import REFUSED, Sample
from tests.doubles.ledger import MemoryLedger
from tests.doubles.pipeline_rules import Rules
from tests.doubles.queues import MemoryOrderedQueue, Received
from tests.doubles.world import Faults, Killed, World


class ModelStore(MemoryArticleStore):
    """Tells the rules of every write, and refuses what it is to refuse."""

    rules: Rules

    def _write(self, article: Article) -> Outcome:
        if article.document is not None and REFUSED in article.document.values():
            return Refused("planned")
        before = self.stored(article.number)
        outcome = super()._write(article)
        if isinstance(outcome, Written):
            self.rules.stored(before, article)
        return outcome


class ModelLedger(MemoryLedger):
    """Tells the rules of every change."""

    rules: Rules

    def commit(self, *changes: Change) -> None:
        ids = {page for change in changes if (page := _page_of(change)) is not None}
        before = self.pages(ids)
        super().commit(*changes)
        self.rules.committed(changes, before)


def _page_of(change: Change) -> tuple[int, int] | None:
    record = change.record if isinstance(change, Put) else change
    n, p = getattr(record, "n", None), getattr(record, "p", None)
    return None if n is None or p is None else (n, p)


class Interleaved(Faults):
    """Faults, and other workers' steps just before a call: `between` maps the number of a call to such a step.

    `awaited`: what is to happen at the next call of a name: a fault, or a step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.between: dict[int, Callable[[], None]] = {}
        self.awaited: dict[str, str | Callable[[], None]] = {}
        self.met = 0

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        self.at, self.between, self.awaited = -1, {}, {}

    def meet(self, name: str) -> str:
        awaited = self.awaited.pop(name, None)
        if isinstance(awaited, str):
            self.at, self.kind = len(self.seen), awaited
        elif awaited is not None:
            awaited()
        step = self.between.pop(len(self.seen), None)
        if step is not None:
            step()
        kind = super().meet(name)
        self.met += bool(kind)
        return kind


class ModelWorld(World):
    """The pipeline on doubles under its rules."""

    def __init__(self, **environment: str) -> None:
        super().__init__(**environment)
        self.faults: Interleaved = Interleaved()
        self.memory_ledger: ModelLedger = ModelLedger()
        self.store: ModelStore = ModelStore()
        self.rules = Rules(self.memory_ledger)
        self.memory_ledger.rules = self.store.rules = self.rules
        self.articles_queue = MemoryOrderedQueue(
            self.fake_clock, max_receive_count=6, dead_letters=self.dead_articles
        )
        self.looks: int | None = None
        """How often a worker may look at its time before it is short; None: it never is."""
        self.past: list[Sequence[Received]] = []
        """Batches that were delivered."""
        self._ids = 0

    def new_id(self) -> str:
        self._ids += 1
        if self.rules.calls:
            self.rules.calls[-1].ids.add(f"id-{self._ids}")
        return f"id-{self._ids}"

    def _time_left(self) -> float:
        if self.looks is None:
            return 900.0
        self.looks -= 1
        return 900.0 if self.looks >= 0 else 0.0

    @contextmanager
    def worker(self, looks: int | None = None) -> Iterator[None]:
        """One run of some function, which may be short of time."""
        self.rules.worker_begins()
        self.looks = looks
        met = self.faults.met
        try:
            yield
        except (LightrailError, Killed):
            self.rules.trouble = True
        finally:
            self.looks = None
            self.rules.trouble = self.rules.trouble or self.faults.met > met

    def send_file(self, name: str, samples: Sequence[Sample], broken: bool = False) -> tuple[str, str]:
        """Puts a file into the bucket; returns what its notice announces."""
        key = f"delta/{name}"
        version = self.bucket.put(key, _bytes(samples, broken))
        self.rules.contents[key, version] = () if broken else samples
        return key, version

    def send_url(self, url: str, samples: Sequence[Sample], strict: bool, broken: bool = False) -> None:
        self.web.files[url] = _bytes(samples, broken)
        self.rules.contents[url] = () if broken else samples
        self.submit(url, strict=strict)

    def apply_batch(self, batch: Sequence[Received]) -> None:
        self.past.append(batch)
        super().apply_batch(batch)

    def change_settings(self, scope: str, packing: int) -> None:
        """Deploys with other settings while work waits."""
        self.environment |= {"DELTA_BLOCK_SCOPE": scope, "ENTRIES_PER_MESSAGE": str(packing)}
        for made in ("settings", "fan_out"):
            self.__dict__.pop(made, None)

    def rest(self) -> None:
        """Runs everything without a fault until nothing changes any more."""
        self.faults.clear()
        quiet = 0
        for _ in range(100):
            self._run_dry()
            before = self.memory_ledger.records()
            self.fake_clock.advance((61, 1000)[quiet])  # a worker that died keeps its file for some minutes
            self.sweep_once()
            self._run_dry()
            quiet = quiet + 1 if self.memory_ledger.records() == before else 0
            if quiet == 2 or (quiet and not self.unsent):
                return
        raise AssertionError("it never comes to rest")

    def _run_dry(self) -> None:
        for _ in range(2000):
            if not any(len(queue) for queue in self._queues()):
                return
            before = self._load()
            with self.worker():
                self.step()
            if self._load() == before:
                self.fake_clock.advance(61)
        raise AssertionError(f"its queues never run dry: {self._load()}")

    @property
    def unsent(self) -> bool:
        """Whether files wait for their predecessors."""
        control = self.memory_ledger.control()
        return control.sent_to < control.seq


def _bytes(samples: Sequence[Sample], broken: bool) -> bytes:
    text = "\n".join(json.dumps(item.raw) for item in samples)
    if broken:
        return (text + '\n{"operation": "add-art').encode()
    return json.dumps([item.raw for item in samples]).encode()
