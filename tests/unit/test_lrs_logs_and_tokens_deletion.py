"""Deleting log entries and cmi5 tokens: up to a level and a time, of one store or of all, each counted once."""

import pytest

from chalicelib.lrs.jobs import cmi5_tokens_deletion, logs_deletion
from chalicelib.ports.cmi5_tokens import TokenRecord
from chalicelib.ports.logs import LogSearch
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new

HOUR = 3600
MOST_CALLS = 60


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    make_store(made, "other")
    return made


def write(stored: Stored, message: str, level: int, store: str = "store") -> None:
    LrsWorld(stored).logs.write("xapi", level, message, store=store)
    stored.clock.advance(1)


def messages(stored: Stored) -> set[str]:
    entries = LrsWorld(stored).logs.page(LogSearch(1000, types=("xapi",))).entries
    return {entry.message for entry in entries}


def add(stored: Stored, number: int, store: str = "store") -> str:
    at = int(stored.clock.now() * 1_000_000)
    token = TokenRecord(f"{at:013x}{number:010x}", store, "c", "d", {}, "http://a.b", "", at, at + HOUR)
    assert stored.token_store.add(token)
    stored.clock.advance(1)
    return token.id


def tokens(stored: Stored) -> set[str]:
    return {name for _, name in stored.token_store.tokens}


def test_log_entries_up_to_the_level_go(stored: Stored) -> None:
    for level in range(8):
        write(stored, str(level), level)
    job = run_new(stored, "logs-deletion", max_level=3, until="now")
    assert job.success is True
    assert counts(job) == (4, 4, 0, 0)
    assert messages(stored) == {"4", "5", "6", "7"}
    assert "up to level warning" in job.feedback
    assert job.evidence["max_level"] == 3


def test_log_entries_of_one_store_go_or_of_all(stored: Stored) -> None:
    for store in ("store", "other", ""):
        write(stored, f"of {store}", 7, store)
    assert counts(run_new(stored, "logs-deletion", max_level=7, until="now", store="other"))[1] == 1
    assert messages(stored) == {"of store", "of "}
    run_new(stored, "logs-deletion", max_level=7, until="now")
    assert messages(stored) == set()


def test_younger_log_entries_stay(stored: Stored) -> None:
    write(stored, "old", 1)
    stored.clock.advance(2 * HOUR)
    write(stored, "new", 1)
    assert counts(run_new(stored, "logs-deletion", max_level=7, until="1_hour")) == (1, 1, 0, 0)
    assert messages(stored) == {"new"}


def test_the_log_of_the_job_itself_is_there_afterwards(stored: Stored) -> None:
    run_new(stored, "logs-deletion", max_level=7, until="now")
    console = LrsWorld(stored).logs.page(LogSearch(10, types=("console",))).entries
    assert any("passed" in entry.message for entry in console)


def test_many_log_entries_go_page_by_page(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_deletion, "PER_PAGE", 4)
    for number in range(11):
        write(stored, str(number), 1)
    assert counts(run_new(stored, "logs-deletion", max_level=1, until="now")) == (11, 11, 0, 0)
    assert messages(stored) == set()


def test_a_dry_run_deletes_no_log_entry(stored: Stored) -> None:
    write(stored, "one", 1)
    job = run_new(stored, "logs-deletion", max_level=7, until="now", dry_run=True)
    assert counts(job) == (1, 0, 1, 0)
    assert messages(stored) == {"one"}
    assert job.feedback.startswith("A dry run, nothing is deleted.")


def test_tokens_up_to_the_time_go(stored: Stored) -> None:
    add(stored, 1)
    add(stored, 2, "other")
    stored.clock.advance(2 * HOUR)
    young = add(stored, 3)
    job = run_new(stored, "cmi5-tokens-deletion", until="1_hour")
    assert job.success is True
    assert counts(job) == (2, 2, 0, 0)
    assert tokens(stored) == {young}
    assert "cmi5 tokens created up to" in job.feedback


def test_tokens_of_one_store_go(stored: Stored) -> None:
    add(stored, 1)
    other = add(stored, 2, "other")
    assert counts(run_new(stored, "cmi5-tokens-deletion", until="now", store="store")) == (1, 1, 0, 0)
    assert tokens(stored) == {other}


@pytest.mark.parametrize("dry_run", [False, True])
def test_many_tokens_go_page_by_page(stored: Stored, monkeypatch: pytest.MonkeyPatch, dry_run: bool) -> None:
    monkeypatch.setattr(cmi5_tokens_deletion, "PER_PAGE", 4)
    for number in range(22):
        add(stored, number, "other" if number % 2 else "store")
    job = run_new(stored, "cmi5-tokens-deletion", until="now", dry_run=dry_run)
    assert counts(job) == ((22, 0, 22, 0) if dry_run else (22, 22, 0, 0))
    assert len(tokens(stored)) == (22 if dry_run else 0)


def test_no_token_is_told(stored: Stored) -> None:
    name = add(stored, 1)
    job = run_new(stored, "cmi5-tokens-deletion", until="now", dry_run=True)
    assert name not in job.feedback


def deleted_with_a_fault(k: int, kind: str, what: str) -> bool:
    """One run with the k-th call of the workers going wrong; False: they made fewer calls."""
    stored = Stored()
    for slug in ("store", "other"):
        make_store(stored, slug)
        write(stored, f"of {slug}", 1, slug)
        add(stored, 1, slug)
    parameters = {"max_level": 7} if what == "logs-deletion" else {}
    [job] = create(stored, what, until="now", **parameters)
    stored.clock.advance(1)
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    assert ended.success is True, told
    assert counts(ended) == (2, 2, 0, 0), told
    assert len(messages(stored)) == (0 if parameters else 2), told
    assert len(tokens(stored)) == (2 if parameters else 0), told
    return True


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("what", ["logs-deletion", "cmi5-tokens-deletion"])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(what: str, kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not deleted_with_a_fault(k, kind, what))
    assert calls > 10
