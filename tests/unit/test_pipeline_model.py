"""Whatever happens to the pipeline, in whatever order: every write keeps the rules, and nothing is lost.

Files, API writes, retries, flushes and clears meet partial progress, redelivery, faults and other workers in between
the calls of a worker. `tests.doubles.pipeline_rules` checks each write as it happens; at rest everything has one end,
and what a retry or a further file then does is foretold entry by entry.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chalicelib.articles.delivery import Delivered
from chalicelib.errors import (
    AlreadyExists,
    LightrailError,
    NotFound,
    NothingToCancel,
    Unavailable,
    WriteConflict,
)
from chalicelib.ports.article_store import Document, Entry
from chalicelib.ports.ledger_records import PAGE_SIZE
from tests.doubles.entry_model import REFUSED, Sample, sample
from tests.doubles.pipeline_model import ModelWorld
from tests.doubles.pipeline_rules import ApiCall
from tests.doubles.queues import Received
from tests.doubles.world import FAULTS, Killed


def unknown_operation(number: str) -> Sample:
    raw = {"operation": "burn-article", "articleData": {"F_1": number}}
    return Sample(raw, number=number, faulty=True)


def no_feature(number: str) -> Sample:
    raw = {"operation": "add-article-feature", "articleData": {"F_1": number}}
    return Sample(raw, number=number, faulty=True)


NUMBERS = ("1", "2", "3", "4")
numbers = st.sampled_from(NUMBERS)
values = st.sampled_from(("a", "b"))
features = st.fixed_dictionaries({"F_3": values}, optional={"C_1": values})
feature_names = st.sampled_from(({"F_3": None}, {"C_1": None}, {"F_3": None, "C_1": "a"}))
entries = st.one_of(
    st.builds(sample, st.just("add-article"), numbers, features),
    st.builds(sample, st.just("add-article"), numbers, st.just({})),
    st.builds(sample, st.just("replace-article"), numbers, features),
    st.builds(sample, st.sampled_from(("delete-article", "remove-article")), numbers, st.just({})),
    st.builds(sample, st.just("add-article-feature"), numbers, features),
    st.builds(sample, st.just("replace-article-feature"), numbers, features),
    st.builds(
        sample, st.sampled_from(("delete-article-feature", "remove-article-feature")), numbers, feature_names
    ),
)
refused = st.builds(
    sample, st.sampled_from(("add-article", "replace-article-feature")), numbers, st.just({"F_9": REFUSED})
)
faulty = st.one_of(
    st.sampled_from(
        (
            Sample(5, faulty=True),
            Sample({"operation": "add-article"}, faulty=True),
            Sample({"operation": "add-article", "articleData": {"F_3": "a"}}, faulty=True),
        )
    ),
    st.builds(unknown_operation, numbers),
    st.builds(no_feature, numbers),
)
mixed = st.lists(st.one_of(entries, entries, entries, entries, faulty, refused), min_size=1, max_size=8)
looks = st.sampled_from((None, None, None, 0, 1, 2, 3, 5))
offsets = st.integers(0, 25)
calls = st.sampled_from(
    (
        "articles.write_many",
        "articles.write_many",
        "articles.get_many",
        "ledger.move",
        "ledger.commit",
        "ledger.gates",
        "ledger.pages",
        "article_queue.send",
    )
)


class Pipeline(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = ModelWorld()
        self.files = 0
        self.notices: list[tuple[str, str]] = []

    @initialize(
        scope=st.sampled_from(("article", "article", "global")),
        packing=st.sampled_from((1, 1, 2, 25)),
        there=st.sets(numbers),
    )
    def begins(self, scope: str, packing: int, there: set[str]) -> None:
        self.world.change_settings(scope, packing)
        with self.world.worker():
            self.world.send_url(
                "https://example.com/base",
                [sample("add-article", n, {"F_3": "a"}) for n in sorted(there)],
                False,
            )
        self.world.rest()

    # What people send

    @rule(samples=mixed, again=st.booleans(), name=st.sampled_from(("a", "b")), broken=st.integers(0, 9))
    def drop_a_file(self, samples: list[Sample], again: bool, name: str, broken: int) -> None:
        notice = self.world.send_file(name, samples, broken == 0)
        self.notices.append(notice)
        self.world.announce(*notice)
        if again:
            self.world.announce(*notice)

    @precondition(lambda self: self.notices)
    @rule(data=st.data())
    def announce_again(self, data: st.DataObject) -> None:
        self.world.announce(*data.draw(st.sampled_from(self.notices)))

    @rule(samples=mixed, strict=st.integers(0, 5), broken=st.integers(0, 9))
    def send_urls(self, samples: list[Sample], strict: int, broken: int) -> None:
        self.files += 1
        with self.world.worker():
            self.world.send_url(f"https://example.com/{self.files}", samples, strict == 0, broken == 0)

    # What the functions do

    @rule(
        which=st.sampled_from(("intake_once", "file_worker_once", "maintenance_once", "apply_once", "step")),
        looks=looks,
        times=st.integers(1, 3),
    )
    def works(self, which: str, looks: int | None, times: int) -> None:
        for _ in range(times):
            with self.world.worker(looks):
                getattr(self.world, which)()

    @rule(looks=looks)
    def applies(self, looks: int | None) -> None:
        with self.world.worker(looks):
            self.world.apply_once()

    @rule(looks=looks, which=st.sampled_from(("dead_letters_once", "sweep_once")))
    def watches(self, looks: int | None, which: str) -> None:
        with self.world.worker(looks):
            getattr(self.world, which)()

    @rule(seconds=st.sampled_from((1, 61, 61, 301)))
    def time_passes(self, seconds: int) -> None:
        self.world.fake_clock.advance(seconds)

    @rule()
    def loses_acknowledgements(self) -> None:
        batch = self.world.articles_queue.receive()
        if batch:
            self._deliver(batch)

    @precondition(lambda self: self.world.past)
    @rule(data=st.data())
    def delivers_again(self, data: st.DataObject) -> None:
        """A batch that was acknowledged comes once more, however late."""
        past = self.world.past[data.draw(st.integers(0, len(self.world.past) - 1))]
        gone = set(self.world.articles_queue.bodies) | set(self.world.dead_articles.bodies)
        batch = [message for message in past if message.body not in gone]
        if batch:
            self._deliver(batch)

    def _deliver(self, batch: Sequence[Received]) -> None:
        with self.world.worker():
            self.world.delivery.handle(
                [Delivered(m.message_id, m.body, m.group, m.receive_count) for m in batch], lambda: 900.0
            )

    # What clients do

    @rule(number=numbers, other=numbers, changes=features, what=st.sampled_from(("copy", "update", "delete")))
    def writes_an_article(self, number: str, other: str, changes: dict[str, str], what: str) -> None:
        self._api(number, other, changes, what)

    @rule(what=st.sampled_from(("all", "article", "file", "id")), number=numbers, data=st.data())
    def retries(self, what: str, number: str, data: st.DataObject) -> None:
        ledger = self.world.memory_ledger
        files = ledger.files(1, 10_000, 10_000)
        with self.world.worker():
            if what == "article":
                self.world.commands.retry(article=number)
            elif what == "all" or not files:
                self.world.commands.retry()
            else:
                file = data.draw(st.sampled_from(files))[0]
                if what == "file":
                    self.world.commands.retry(file=file.name)
                else:
                    pos = data.draw(st.integers(0, max(file.total - 1, 0)))
                    self.world.commands.retry(ids=[f"{file.n}-{pos}" if file.total else f"{file.n}"])

    @rule(what=st.sampled_from(("flush", "clear", "clear_successful")))
    def commands(self, what: str) -> None:
        self._command(what)

    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        seq = self.world.memory_ledger.control().seq
        self._cancel(data.draw(st.integers(max(seq - 2, 1), seq)))

    @rule(samples=mixed, sent=st.booleans(), between=st.booleans())
    def cancels_what_waits(self, samples: list[Sample], sent: bool, between: bool) -> None:
        """A file is cancelled in the queue, or in a worker's hands; what stands behind it goes on."""
        self._bring_to_apply(samples, sent)
        n = self.world.memory_ledger.control().seq
        if between:
            self.world.faults.awaited["ledger.control"] = lambda: self._cancel(n)
        else:
            self._cancel(n)
        for _ in range(2):
            with self.world.worker():
                self.world.step()
        self.world.faults.awaited.clear()

    @rule(scope=st.sampled_from(("article", "global")), packing=st.sampled_from((1, 2, 25)))
    def changes_settings(self, scope: str, packing: int) -> None:
        self.world.change_settings(scope, packing)

    # What goes wrong

    @rule(offset=offsets, kind=st.sampled_from(FAULTS))
    def goes_wrong(self, offset: int, kind: str) -> None:
        faults = self.world.faults
        faults.at, faults.kind = len(faults.seen) + offset, kind

    @rule(
        offset=offsets,
        what=st.sampled_from(
            (
                "update", "delete", "copy", "flush", "clear", "cancel", "retry", "apply_once", "apply late",
                "file_worker_once", "sweep_once", "maintenance_once", "dead_letters_once",
            )
        ),
        number=numbers,
        other=numbers,
        changes=features,
    )  # fmt: skip
    def comes_between(self, offset: int, what: str, number: str, other: str, changes: dict[str, str]) -> None:
        faults = self.world.faults
        faults.between[len(faults.seen) + offset] = lambda: self._between(what, number, other, changes)

    def _between(self, what: str, number: str, other: str, changes: dict[str, str]) -> None:
        world = self.world
        if what in ("update", "delete", "copy"):
            self._api(number, other, changes, what)
        elif what in ("flush", "clear", "retry"):
            self._command(what)
        elif what == "cancel":
            self._cancel(world.memory_ledger.control().seq)
        else:
            world.rules.trouble = True  # the worker in whose middle it runs is as good as slow
            if what == "apply late":
                world.fake_clock.advance(61)
            with suppress(LightrailError):
                getattr(world, "apply_once" if what == "apply late" else what)()

    def _command(self, what: str) -> None:
        control = self.world.memory_ledger.control()
        try:
            getattr(self.world.commands, what)()
        except (Unavailable, WriteConflict, Killed):
            return
        if what == "clear":
            assert self.world.memory_ledger.control().cleared_to >= control.seq
        elif what == "flush":
            assert self.world.memory_ledger.control().epoch > control.epoch

    def _cancel(self, n: int) -> None:
        rules = self.world.rules
        rules.asked.add(n)
        try:
            self.world.commands.cancel(n)
        except (NotFound, NothingToCancel, Unavailable, WriteConflict, Killed):
            return
        rules.cancelled.add(n)
        rules.cancelled_for_good()

    def _api(self, number: str, other: str, changes: dict[str, str], what: str) -> None:
        world, rules = self.world, self.world.rules
        started = len(rules.history.get(number, [None])) - 1
        target = other if what == "copy" else number

        def allowed(document: Document | None) -> list[Document | None]:
            if what == "copy":
                sources = rules.history.get(number, [None])[started:]
                made = [{**source, "id": other, "F_1": other, **changes} for source in sources if source]
                return [*made] if document is None else []
            if document is None:
                return []
            return [None] if what == "delete" else [{**document, **changes}]

        call = ApiCall(target, allowed)
        rules.calls.append(call)
        try:
            if what == "copy":
                world.articles.copy(number, other, changes)
            elif what == "update":
                world.articles.update(number, changes)
            else:
                world.articles.delete(number)
            assert call.writes == 1, "an API write was answered with success and not made"
        except (NotFound, AlreadyExists, WriteConflict):
            assert call.writes == 0, "an API write was made and answered with a refusal"
        except (Unavailable, Killed):
            pass
        finally:
            rules.calls.remove(call)

    @rule(
        name=calls,
        kind=st.sampled_from(FAULTS),
        which=st.sampled_from(("apply_once", "apply_once", "maintenance_once", "file_worker_once")),
        samples=mixed,
    )
    def dies_at(self, name: str, kind: str, which: str, samples: list[Sample]) -> None:
        """A call of some name goes wrong in the run of some function, which has something to do."""
        self._bring_to_apply(samples, sent=which != "file_worker_once")
        self.world.faults.awaited[name] = kind
        with self.world.worker():
            getattr(self.world, which)()
        self.world.faults.awaited.clear()

    @rule(
        name=calls,
        what=st.sampled_from(
            ("update", "delete", "copy", "flush", "clear", "cancel", "apply_once", "apply late")
        ),
        number=numbers,
        other=numbers,
        changes=features,
    )
    def meets_another_at(
        self, name: str, what: str, number: str, other: str, changes: dict[str, str]
    ) -> None:
        """Something else comes just before a call of some name in the run of a worker."""
        self.world.faults.awaited[name] = lambda: self._between(what, number, other, changes)
        with self.world.worker():
            self.world.apply_once()
        self.world.faults.awaited.clear()

    def _bring_to_apply(self, samples: list[Sample], sent: bool = True) -> None:
        self.files += 1
        with self.world.worker():
            self.world.send_url(f"https://example.com/{self.files}", samples, False)
            if sent:
                self.world.file_worker_once()

    # What holds

    @rule()
    def comes_to_rest(self) -> None:
        world = self.world
        world.rest()
        if world.unsent:
            world.commands.flush()
            world.rest()
        assert not world.unsent
        world.rules.at_rest()
        world.check()
        assert world.listing.waiting(1, 10).total == 0
        assert (world.listing.first_failure() is None) == (not self._failures())

    def _failures(self) -> list[Entry]:
        """Failed entries, and files that failed as a whole."""
        ledger, rules = self.world.memory_ledger, self.world.rules
        faulted = [
            Entry(file.n, -1)
            for file, _ in ledger.files(1, 10_000, 10_000)
            if file.stage == "faulted" and file.epoch >= ledger.control().epoch
        ]
        return faulted + [e for held in rules.held().values() for e in held if rules.letter(e) == "f"]

    def teardown(self) -> None:
        self.comes_to_rest()
        self._foretell_retry()
        self.comes_to_rest()
        self._foretell_file()

    def _foretell_retry(self) -> None:
        world, rules = self.world, self.world.rules
        entries = [(entry, rules.sample(entry), key) for key, held in rules.held().items() for entry in held]
        entries.sort(key=lambda item: item[0])
        foretold = rules.predict(entries)
        world.commands.retry()
        world.rest()
        if not any(item.to_refuse for _, item, _ in entries):
            assert {entry: rules.letter(entry) for entry, _, _ in entries} == foretold

    def _foretell_file(self) -> None:
        world, rules = self.world, self.world.rules
        world.commands.flush()
        world.rest()
        samples = [
            sample(operation, number, {"F_3": "z"} if "feature" in operation else {})
            for operation in ("replace-article-feature", "delete-article", "add-article", "add-article")
            for number in NUMBERS
        ]
        n = world.memory_ledger.control().seq + 1
        key = (lambda number: "/*") if world.environment["DELTA_BLOCK_SCOPE"] == "global" else str
        foretold = rules.predict(
            [(Entry(n, pos), item, key(str(item.number))) for pos, item in enumerate(samples)]
        )
        world.send_url("https://example.com/last", samples, False)
        world.rest()
        assert {entry: rules.letter(entry) for entry in foretold} == foretold
        assert len(samples) < PAGE_SIZE
        world.rules.at_rest()
        world.check()


Pipeline.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestPipeline: Callable[..., object] = Pipeline.TestCase
