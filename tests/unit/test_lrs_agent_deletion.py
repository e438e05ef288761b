"""Deletion of an agent: what belongs to it goes, under its pseudonyms too, whatever is killed; others keep theirs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.registries.entries import person_of_its_own
from chalicelib.ports.cmi5_tokens import TokenRecord
from chalicelib.ports.jobs import JobRecord
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import AUTHORITY, LrsWorld, Stored
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_pseudo import by, entries, everything, found_by, key_of, put, record, stored_ones
from tests.unit.test_lrs_record_store_races import A, B, C, D, referring

ANN = {"objectType": "Agent", "mbox": "mailto:ann@example.com", "name": "Ann Example"}
ALIAS = {"objectType": "Agent", "openid": "https://ann.example.net/me", "name": "Annie"}
BEN = {"objectType": "Agent", "mbox": "mailto:ben@example.com", "name": "Benedict"}
TRACES = ("ann@example", "ann example")
MOST_CALLS = 250


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def delete(
    stored: Stored, agent: Mapping[str, object] = ANN, person: bool = False, **more: object
) -> JobRecord:
    return run_new(stored, "agent-deletion", store="store", agent=json.dumps(agent), person=person, **more)


def token(stored: Stored, name: str, agent: Mapping[str, object]) -> None:
    now = int(stored.clock.now() * 1_000_000)
    made = TokenRecord(f"{now // 1000:013d}{name}", "store", "c", "0", agent, "http://a.b", "", now, now * 2)
    stored.token_store.add(made)
    stored.clock.advance(1)


def fill(stored: Stored) -> None:
    record(stored, by(ANN, A))
    record(stored, by(BEN, B, object=dict(ANN)))
    record(stored, referring(C, A) | {"actor": BEN})
    record(stored, by(BEN, D))
    for name, agent in (("of ann", ANN), ("of ben", BEN)):
        put(stored, "states", f"state {name}", agent)
        put(stored, "agent-profiles", f"profile {name}", agent)
        token(stored, f"{name[-3:]:>10}", agent)


def check_ann_is_gone(stored: Stored, told: str = "") -> None:
    assert stored_ones(stored).keys() == {C, D}, told
    assert stored_ones(stored)[C].targets == (), told
    assert {name.id for name in stored.document_store.documents} == {"state of ben", "profile of ben"}, told
    assert entries(stored, "agents").keys() == {agent_key(BEN), agent_key(AUTHORITY)}, told
    tokens = stored.token_store.created_until("store", 2**62, 100)
    assert [each.agent for each in tokens] == [BEN], told
    held = everything(stored).lower()
    assert [each for each in TRACES if each in held] == [], told


def test_all_that_belongs_to_it_goes_and_no_more(stored: Stored) -> None:
    fill(stored)
    job = delete(stored)
    assert job.success is True
    assert counts(job) == (6, 6, 0, 0)
    settle(stored)
    check_ann_is_gone(stored)
    assert json.loads(stored_ones(stored)[D].text)["actor"] == BEN
    assert found_by(stored, agent_key(ANN) or "") == set()


def test_the_job_keeps_only_a_digest_and_tells_nothing(stored: Stored) -> None:
    fill(stored)
    job = delete(stored)
    assert job.settings == {
        "agent": {"digest": job.evidence["request"]},
        "person": False,
        "dry_run": False,
    }
    assert "ann" not in json.dumps([job.name, job.feedback, dict(job.evidence)]).lower()


def test_two_jobs_about_the_same_agent_have_other_digests(stored: Stored) -> None:
    assert delete(stored).evidence["request"] != delete(stored).evidence["request"]


def test_a_job_that_runs_again_keeps_the_agent_until_it_is_deleted(stored: Stored) -> None:
    [job] = create(
        stored,
        "agent-deletion",
        store="store",
        agent=ANN,
        person=False,
        repeat="dailyAt",
        time="00:00",
        replay=True,
    )
    LrsWorld(stored).job_tick.run()
    found = stored.job_store.get(job.type, job.id)
    assert found is not None
    assert found.run is not None
    LrsWorld(stored).job_worker.work(job.type, job.id, found.run.id, lambda: 1000.0)
    after = stored.job_store.get(job.type, job.id)
    assert after is not None
    assert (after.success, after.settings["agent"]) == (True, ANN)


def test_a_replay_without_the_agent_says_what_to_do(stored: Stored) -> None:
    job = delete(stored)
    now = int(stored.clock.now() * 1_000_000)
    again = stored.job_store.put(replace(job, replay=True, ran=False, due_at=now), job.version)
    assert again is not None
    ended = run(stored, again)
    assert ended.success is False
    assert "send the agent again" in ended.feedback


def test_a_dry_run_lists_and_deletes_nothing(stored: Stored) -> None:
    fill(stored)
    before = stored_ones(stored), entries(stored), dict(stored.document_store.documents)
    job = delete(stored, dry_run=True)
    assert counts(job) == (6, 0, 6, 0)
    assert job.feedback.startswith("A dry run, nothing is deleted.")
    assert A in job.feedback
    assert "ann@" not in job.feedback
    assert (stored_ones(stored), entries(stored), dict(stored.document_store.documents)) == before


def test_a_statement_in_which_it_is_actor_and_object_counts_once(stored: Stored) -> None:
    record(stored, by(ANN, A, object=dict(ALIAS)))
    LrsWorld(stored).persons.make_one("store", [ANN, ALIAS], "client", 1)
    assert counts(delete(stored, person=True, dry_run=True)) == (3, 0, 3, 0)
    assert counts(delete(stored, person=True)) == (3, 3, 0, 0)


def test_a_statement_of_a_group_with_it_is_the_groups(stored: Stored) -> None:
    group = {"objectType": "Group", "openid": "https://team.example.com", "member": [ANN, BEN]}
    record(stored, by(group, A), by(BEN, B, context={"instructor": ANN}))
    delete(stored)
    assert stored_ones(stored).keys() == {A, B}


def test_without_person_other_agents_of_the_person_stay(stored: Stored) -> None:
    record(stored, by(ANN, A), by(ALIAS, B), by(BEN, C))
    LrsWorld(stored).persons.make_one("store", [ANN, ALIAS], "client", 1)
    delete(stored)
    assert stored_ones(stored).keys() == {B, C}


@pytest.mark.parametrize("goes", [ANN, ALIAS, BEN])
def test_a_person_that_others_still_are_is_not_named_after_who_went(
    goes: Mapping[str, object], stored: Stored
) -> None:
    """A hash of an address is found by trying addresses."""
    record(stored, by(ANN, A), by(ALIAS, B), by(BEN, C))
    persons = LrsWorld(stored).persons
    persons.make_one("store", [ANN, ALIAS, BEN], "client", int(stored.clock.now() * 1_000_000))
    stored.clock.advance(1)
    delete(stored, goes)
    stay = [each for each in (ANN, ALIAS, BEN) if each is not goes]
    found = persons.agents_of("store", stay[0])
    assert {each.key for each in found} == {agent_key(each) for each in stay}
    assert person_of_its_own(agent_key(goes) or "") not in everything(stored)


def test_with_person_all_agents_of_the_person_go(stored: Stored) -> None:
    record(stored, by(ANN, A), by(ALIAS, B), by(BEN, C))
    LrsWorld(stored).persons.make_one("store", [ANN, ALIAS], "client", 1)
    put(stored, "states", "of alias", ALIAS)
    delete(stored, ALIAS, person=True)
    assert stored_ones(stored).keys() == {C}
    assert entries(stored, "agents").keys() == {agent_key(BEN), agent_key(AUTHORITY)}
    assert stored.document_store.documents == {}


@pytest.mark.parametrize("person", [False, True])
def test_what_is_under_its_pseudonym_goes_too(stored: Stored, person: bool) -> None:
    fill(stored)
    run_new(stored, "pseudo", store="store", until="now")
    record(stored, by(ANN, A.replace("-4000-", "-4001-")))
    delete(stored, person=person)
    settle(stored)
    assert stored_ones(stored).keys() == {C, D}
    assert {name.id for name in stored.document_store.documents} == {"state of ben", "profile of ben"}
    assert entries(stored, "agents").keys() == {key_of(stored, BEN), agent_key(AUTHORITY)}
    assert key_of(stored, ANN) not in everything(stored)


def test_pseudonyms_of_other_agents_of_the_person_go_too(stored: Stored) -> None:
    record(stored, by(ANN, A), by(ALIAS, B), by(BEN, C))
    LrsWorld(stored).persons.make_one("store", [ANN, ALIAS], "client", 1)
    run_new(stored, "pseudo", store="store", until="now")
    delete(stored, ANN, person=True)
    assert stored_ones(stored).keys() == {C}
    assert entries(stored, "agents").keys() == {key_of(stored, BEN), agent_key(AUTHORITY)}


def test_another_store_is_not_touched(stored: Stored) -> None:
    make_store(stored, "other")
    fill(stored)
    before = len(stored.statement_store.stored("store"))
    run_new(stored, "agent-deletion", store="other", agent=ANN, person=True)
    assert len(stored.statement_store.stored("store")) == before


def test_without_a_store_each_has_a_job(stored: Stored) -> None:
    make_store(stored, "other")
    jobs: Sequence[Any] = create(stored, "agent-deletion", agent=ANN, person=True)
    assert {job.store for job in jobs} == {"store", "other"}


def test_many_go_page_by_page_each_counted_once(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATEMENTS_PER_PAGE", "DOCUMENTS_PER_PAGE", "TOKENS_PER_PAGE"):
        monkeypatch.setattr(f"chalicelib.lrs.jobs.agent_deletion.{name}", 3)
    names = [f"00000000-0000-4000-8000-{number:012d}" for number in range(20)]
    for number, name in enumerate(names):
        record(stored, by(ANN if number % 2 else BEN, name))
        put(stored, "states", str(number), ANN if number % 2 else BEN)
        token(stored, f"{number:010d}", ANN if number % 2 else BEN)
    assert counts(delete(stored)) == (31, 31, 0, 0)
    assert len(stored_ones(stored)) == 10


def deleted_with_a_fault(k: int, kind: str) -> bool:
    """One run with the k-th call of the first worker going wrong; False: it made fewer calls."""
    stored = Stored()
    make_store(stored)
    fill(stored)
    [job] = create(stored, "agent-deletion", store="store", agent=ANN, person=True)
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    assert counts(ended) == (6, 6, 0, 0), told
    entries(stored)
    check_ann_is_gone(stored, told)
    return True


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not deleted_with_a_fault(k, kind))
    assert calls > 40
