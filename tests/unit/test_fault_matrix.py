"""Any one call goes wrong in any way: every entry still ends in the one state that it has without the fault.

A story is told once without a fault, which gives its calls and its outcome; then again for each of its calls and each
way in which that call may go wrong.
"""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chalicelib.articles.extract_making import LEASE_SECONDS
from chalicelib.errors import FileFault, LightrailError
from chalicelib.ledger.states import NAMES, as_read
from chalicelib.ports.article_store import Article, Outcome
from chalicelib.ports.ledger import Conflict
from chalicelib.ports.ledger_records import Extract, File, Page
from chalicelib.ports.queue import Message
from tests.doubles.faults import FAULTS, PARTS, Killed
from tests.doubles.world import World, entry

URL = "https://files.example.com/a.json"

MIXED = [
    entry("add-article", "1", F_3="a"),
    entry("add-article-feature", "2", F_3="fails"),
    entry("replace-article-feature", "1", F_3="b"),
    entry("add-article", "2", F_3="blocked"),
    {"operation": "no such", "articleData": {"F_1": "3"}},
    entry("add-article", "3", F_3="blocked"),
    entry("add-article", ""),
    entry("delete-article", "old"),
    entry("add-article", "4", F_3="large" * 2000),
    entry("replace-article", "1", F_4="c"),
]
TWO_PAGES = [
    entry("add-article" if i < 9 else "add-article-feature", str(i % 9), F_3=str(i)) for i in range(120)
]
PACKED = {"ENTRIES_PER_MESSAGE": "25"}
GLOBAL = {"DELTA_BLOCK_SCOPE": "global"}


def ask(world: World, call: Callable[[], object]) -> None:
    """What a person asks for, again when there is no answer; no fault is left for the second time."""
    for _ in range(2):
        try:
            call()
            return
        except (LightrailError, Conflict, Killed):
            continue


def take_in(world: World, name: str, entries: list[dict[str, object]]) -> None:
    """Drops a file and waits until it is accepted: the bucket keeps no order among its objects."""
    world.drop(name, entries)
    for _ in range(3):
        if len(world.notices):
            world.intake_once()
            world.fake_clock.advance(61)


def nothing(world: World) -> None:
    """No preparation."""


def two_files(world: World) -> None:
    world.put_article("old", F_3="here")
    take_in(world, "a.json", MIXED)
    take_in(world, "b.json", [entry("replace-article-feature", str(i), F_5="from b") for i in (1, 2, 4)])
    world.settle()


def a_long_file(world: World) -> None:
    world.drop("a.json", TWO_PAGES)
    world.settle()


def failures(world: World) -> None:
    two_files(world)


def first_failures(world: World) -> None:
    world.put_article("old", F_3="here")
    world.drop("a.json", MIXED)
    world.settle()


def retry_that_heals(world: World) -> None:
    for number in ("2", "3"):
        world.put_article(number, F_3="blocked")
    world.store.write_many([replace(world.store.stored("2") or Article("2", None))])
    ask(world, lambda: world.commands.retry())
    world.settle()


def retry_that_fails_again(world: World) -> None:
    ask(world, lambda: world.commands.retry())
    world.settle()


def retry_while_a_file_waits(world: World) -> None:
    world.put_article("2", F_3="blocked")
    world.drop("c.json", [entry("replace-article-feature", str(i), F_6="from c") for i in (1, 2, 3)])
    world.intake_once()
    world.file_worker_once()
    ask(world, lambda: world.commands.retry(article="2"))
    world.settle()


def retry_by_file(world: World) -> None:
    world.put_article("2", F_3="blocked")
    ask(world, lambda: world.commands.retry(file="s3://bucket/delta/b.json"))
    world.settle()


def flush_and_a_new_file(world: World) -> None:
    ask(world, world.commands.flush)
    world.settle()
    world.drop("c.json", [entry("add-article", "2", F_3="new"), entry("add-article", "2", F_3="other")])
    world.settle()


def sent_and_waiting(world: World) -> None:
    world.put_article("old", F_3="here")
    world.drop("a.json", MIXED)
    world.intake_once()
    world.file_worker_once()


def clear_and_a_new_file(world: World) -> None:
    ask(world, world.commands.clear)
    world.drop("c.json", [entry("add-article", "2", F_3="new")])
    world.settle()


def three_waiting(world: World) -> None:
    """Three files of the same articles, all sent."""
    world.put_article("old", F_3="here")
    for name, feature in (("a", "F_4"), ("b", "F_5"), ("c", "F_6")):
        more = [entry("replace-article-feature", str(i), **{feature: name}) for i in (1, 2, 4, "old")]
        take_in(world, f"{name}.json", [*(MIXED[:2] if name == "a" else []), *more])
    world.file_worker_once()


def cancel_the_second(world: World) -> None:
    ask(world, lambda: world.commands.cancel(2))
    world.settle()


def cancel_and_a_new_file(world: World) -> None:
    ask(world, lambda: world.commands.cancel(1))
    world.drop("c.json", [entry("add-article", "2", F_3="new")])
    world.settle()


def accepted(world: World) -> None:
    world.drop("a.json", MIXED)
    world.intake_once()


def by_url(world: World) -> None:
    world.web.files[URL] = b'[{"operation":"add-article","articleData":{"F_1":"1"}}]'

    def submit() -> None:
        if not world.memory_ledger.control().seq:  # a client looks whether the file is listed
            world.submit(URL)

    ask(world, submit)
    world.settle()


def by_body(world: World) -> None:
    """A client that sends its call again under the key of the first."""
    data = json.dumps(
        [entry("add-article", "1", F_3="a"), entry("add-article-feature", "2", F_3="x")]
    ).encode()
    ask(world, lambda: world.submissions.submit(data, "a.json", False, "call-1"))
    world.settle()


def by_upload(world: World) -> None:
    ask(world, lambda: world.submissions.allow_upload(100, "a.json", False, "call-1"))
    data = json.dumps([entry("add-article", "1", F_3="a")]).encode()
    world.announce("uploads/call-1", world.bucket.put("uploads/call-1", data))
    world.settle()


def broken_file(world: World) -> None:
    world.web.files[URL] = FileFault("The address answered 500.", "fetch")
    ask(world, lambda: None if world.memory_ledger.control().seq else world.submit(URL))
    world.drop("b.json", b'{"operation":"add-article","articleData":{"F_1":"1"}}\n{"operation":')
    world.settle()


def retry_broken_files(world: World) -> None:
    world.web.files[URL] = b'[{"operation":"add-article","articleData":{"F_1":"1"}}]'
    ask(world, lambda: world.commands.retry(file=URL))
    world.settle()


def settle(world: World) -> None:
    world.settle()


def dead_entries(world: World) -> None:
    """The first messages of articles 1 and 2 died; the next ones still wait."""
    sent_and_waiting(world)
    for received in world.articles_queue.receive(2):
        world.dead_articles.send([Message(received.body, received.group, f"dead-{received.message_id}")])
        world.articles_queue.acknowledge(received)
    world.dead_letters_once()
    for received in world.articles_queue.receive(1):
        world.dead_articles.send([Message(received.body, received.group, f"dead-{received.message_id}")])
        world.articles_queue.acknowledge(received)
    world.fake_clock.advance(61)


def dead_drains(world: World) -> None:
    """A retry has begun and its drains die."""
    first_failures(world)
    world.put_article("2", F_3="blocked")
    world.commands.retry()
    world.maintenance_once()
    for received in world.articles_queue.receive():
        world.dead_articles.send([Message(received.body, received.group, f"dead-{received.message_id}")])
        world.articles_queue.acknowledge(received)


def dead_notice(world: World) -> None:
    world.drop("a.json", [entry("add-article", "1")])
    for received in world.notices.receive():
        world.dead_notices.send(received.body)
        world.notices.acknowledge(received)


def poison(world: World) -> None:
    """One article kills its worker whenever it is written."""
    write_many = world.store.write_many

    def deadly(articles: list[Article]) -> list[Outcome]:
        if any(article.number == "deadly" for article in articles):
            raise Killed
        return write_many(articles)

    world.store.write_many = deadly  # type: ignore[method-assign]
    world.drop(
        "a.json",
        [entry("add-article", "1"), entry("add-article", "deadly"), entry("add-article", "2")]
        + [entry("add-article-feature", number, F_3="x") for number in ("1", "deadly", "2")],
    )


def lost_wake_ups(world: World) -> None:
    """What only the sweep can find: a file nobody was woken for, a retry nobody was told of."""
    first_failures(world)
    world.commands.retry(article="2")
    world.submit(URL)
    world.web.files[URL] = b'[{"operation":"add-article","articleData":{"F_1":"9"}}]'
    for queue in (world.files_queue, world.maintenance_messages):
        for received in queue.receive():
            queue.acknowledge(received)


def forget_the_successful(world: World) -> None:
    ask(world, world.commands.clear_successful)
    world.settle()


def draw_extracts(world: World) -> None:
    """Somebody asks for results until they are there; parts are small, so that there are several."""
    for _ in range(8):
        drawn: list[object] = []
        ask(world, lambda drawn=drawn: drawn.append(world.extract_maker.draw(1, "results", 10)))
        if drawn and drawn[-1] is not None:
            return
        world.settle()
        world.fake_clock.advance(LEASE_SECONDS + 1)
    raise AssertionError("they are never there")


def many_results(world: World) -> None:
    world.memory_uploads.least_part = 1
    a_long_file(world)


@dataclass(frozen=True)
class Story:
    """What was before, without faults, and what is told with them. `same`: whether its outcome depends on no race."""

    before: Callable[[World], None]
    told: Callable[[World], None]
    environment: Mapping[str, str] = field(default_factory=dict)
    same: bool = True


STORIES = {
    "two files": Story(nothing, two_files),
    "two files, packed": Story(nothing, two_files, PACKED),
    "two files, global": Story(nothing, two_files, GLOBAL),
    "two pages": Story(nothing, a_long_file),
    "two pages, packed": Story(nothing, a_long_file, PACKED),
    "by URL": Story(nothing, by_url),
    "by body": Story(nothing, by_body),
    "by upload": Story(nothing, by_upload),
    "broken files": Story(nothing, broken_file),
    "broken files again": Story(broken_file, retry_broken_files),
    "retry heals": Story(failures, retry_that_heals),
    "retry heals, global": Story(failures, retry_that_heals, GLOBAL),
    "retry fails again": Story(failures, retry_that_fails_again),
    "retry fails again, global": Story(failures, retry_that_fails_again, GLOBAL),
    "retry while a file waits": Story(failures, retry_while_a_file_waits),
    "retry by file": Story(failures, retry_by_file),
    "flush": Story(failures, flush_and_a_new_file),
    "flush, global": Story(failures, flush_and_a_new_file, GLOBAL),
    "clear of sent work": Story(sent_and_waiting, clear_and_a_new_file),
    "clear of accepted work": Story(accepted, clear_and_a_new_file),
    "clear of failed work": Story(failures, clear_and_a_new_file),
    "cancel of sent work": Story(three_waiting, cancel_the_second),
    "cancel of sent work, packed": Story(three_waiting, cancel_the_second, PACKED),
    "cancel of sent work, global": Story(three_waiting, cancel_the_second, GLOBAL),
    "cancel of accepted work": Story(accepted, cancel_and_a_new_file),
    "dead entries": Story(dead_entries, settle, same=False),
    "dead drains": Story(dead_drains, settle),
    "dead notice": Story(dead_notice, settle),
    "poison": Story(poison, settle),
    "poison, packed": Story(poison, settle, PACKED),
    "lost wake-ups": Story(lost_wake_ups, settle),
    "results": Story(many_results, draw_extracts),
    "clearsuccessful": Story(failures, forget_the_successful),
}


def tell(story: Story, at: int = -1, kind: str = "") -> tuple[World, list[str]]:
    """Tells a story; the fault comes at call `at` after what was before. Returns the calls it took as well."""
    world = World(**story.environment)
    story.before(world)
    begun = len(world.faults.seen)
    world.faults.at, world.faults.kind = (begun + at if at >= 0 else -1), kind
    story.told(world)
    world.faults.at = -1
    return world, world.faults.seen[begun:]


def outcome(world: World) -> dict[str, object]:
    """What people see in the end; files by their rank, since a retry that is asked for twice takes two numbers."""
    control = world.memory_ledger.control()
    files = sorted(record.n for record in world.memory_ledger.records() if isinstance(record, File))
    rank = {n: index for index, n in enumerate(files, 1)}
    seen: dict[str, object] = {f"file {rank[n]}": world.file_state(n) for n in files}
    seen |= {
        f"article {article.number}": article.document for article in world.store.all() if article.document
    }
    for record in world.memory_ledger.records():
        if isinstance(record, Page):
            for index, letter in enumerate(record.states):
                name = f"entry {rank[record.n]}-{record.first_pos + index}"
                seen[name] = NAMES[as_read(letter, record.n, record.epoch, control)]
    seen |= {
        f"extract {extract.n} {extract.kind}": b"".join(world.bucket.read(extract.key))
        for extract in world.memory_ledger.records()
        if isinstance(extract, Extract) and extract.done
    }
    seen["failures"] = [failed.errors for failed in world.listing.failures(1, 1000).items]
    seen["successful"] = world.listing.successful_files(1, 1000).items
    return seen


def differences(story: Story, at: int, kind: str, expected: dict[str, object] | None) -> Iterator[str]:
    """What is wrong with the world after a fault."""
    try:
        world, calls = tell(story, at, kind)
        world.check()
    except (Exception, Killed):
        lines = traceback.format_exc().splitlines()
        yield " | ".join(lines[-4:])
        return
    seen = outcome(world)
    if expected is not None:
        for name in sorted(expected.keys() | seen.keys()):
            if expected.get(name) != seen.get(name):
                yield f"{calls[at]}: {name} is {seen.get(name)}, not {expected.get(name)}"


def is_read(call: str) -> bool:
    """Whether a call changes nothing, so that it is all the same on which side of it the fault lies."""
    writes = (
        "commit",
        "move",
        "create_pages",
        "send",
        "write_many",
        "write_once",
        "put",
        "begin",
        "put_part",
        "complete",
        "give_up",
        "purge_mark",
    )
    return call.rpartition(".")[2] not in writes


@pytest.fixture(autouse=True)
def small_extracts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extracts are made a page at a time, each of them a part."""
    monkeypatch.setattr("chalicelib.articles.extract_making.PART_BYTES", 1)
    monkeypatch.setattr("chalicelib.articles.extracts._PAGES_A_READ", 1)


@pytest.fixture(autouse=True)
def free_of_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at what the ledger would cost; reckoning it takes half of the time."""
    for reckoning in ("_read_units", "write_units", "index_units"):
        monkeypatch.setattr(f"tests.doubles.ledger.{reckoning}", lambda *_: 0)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", STORIES)
def test_any_call_may_go_wrong(name: str, kind: str) -> None:
    world, calls = tell(STORIES[name])
    world.check()
    expected = outcome(world) if STORIES[name].same else None
    wrong = [
        f"call {at} {call}: {text}"
        for at, call in enumerate(calls)
        if kind in ("throws", "killed before") or not is_read(call)
        for text in differences(STORIES[name], at, kind, expected)
    ]
    assert not wrong, f"{len(wrong)} of {len(calls)}\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("name", STORIES)
def test_any_call_may_be_taken_in_part(name: str, kind: str) -> None:
    """A refused document is a failure of its own, so only the laws are held to it."""
    world, calls = tell(STORIES[name])
    expected = outcome(world) if STORIES[name].same else None
    wrong = [
        f"call {at} {call}: {text}"
        for at, call in enumerate(calls)
        if call == "articles.write_many" or (kind == "in part" and call.endswith("queue.send"))
        for text in differences(STORIES[name], at, kind, None if kind == "refused" else expected)
    ]
    assert not wrong, f"{len(wrong)} of {len(calls)}\n" + "\n".join(wrong[:20])


def send_twice(world: World, order: str) -> Callable[[], None]:
    """From now on every message of every queue is accepted twice; what is returned lets the late ones come."""
    late: list[Callable[[], object]] = []
    for name, queue in world.queues().items():
        if not name.startswith("dead"):
            queue.send = _twice(queue.send, order, late)

    def come() -> None:
        world.fake_clock.advance(3600)
        for send in late:
            send()

    return come


def _twice(send: Callable[[Any], Any], order: str, late: list[Callable[[], object]]) -> Callable[[Any], Any]:
    def again(things: Any) -> None:
        if isinstance(things, str):
            send(things)
            return
        for message in things:
            send([Message(message.body, message.group, f"again-{message.deduplication}")])

    def twice(things: Any) -> Any:
        if order == "its second before its neighbour" and not isinstance(things, str):
            answers = []
            for message in things:
                answers += send([message])
                again([message])
            return answers
        answer = send(things)
        if order == "an hour later":
            late.append(lambda: again(things))
        else:
            again(things)
        return answer

    return twice


@pytest.mark.parametrize(
    "order", ["its second before its neighbour", "its second after its neighbours", "an hour later"]
)
@pytest.mark.parametrize("name", STORIES)
def test_any_message_may_come_twice(name: str, order: str) -> None:
    story = STORIES[name]
    expected, _ = tell(story)
    world = World(**story.environment)
    come = send_twice(world, order)
    story.before(world)
    story.told(world)
    come()
    world.settle()
    world.check()
    if story.same:
        assert outcome(world) == outcome(expected)
