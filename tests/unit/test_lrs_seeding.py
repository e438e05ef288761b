"""Seeding: a config makes the same valid statements again and again, and every fault of one is told at once."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.lrs.seeding.configs import LARGEST, UnusableConfig, config_named, place_of
from chalicelib.lrs.seeding.default import DEFAULT
from chalicelib.lrs.seeding.making import Draws, Maker
from chalicelib.lrs.seeding.reading import read_config
from chalicelib.lrs.validation.statements import validate_statement
from chalicelib.lrs.versions import V1, V2
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_record_store_races import statement

SMALL: dict[str, Any] = {
    "seed": 7,
    "statements": 5,
    "agents": {"people": {"quantity": 3}},
    "verbs": {"saw": {"id": "http://example.org/saw"}},
    "activities": {"films": {"quantity": 2, "id": "http://example.org/films/{n}"}},
    "templates": [{"actor": "people", "verb": "saw", "object": "films"}],
}
MOST_CALLS = 120


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def put(stored: Stored, value: object, name: str = "small") -> None:
    stored.blobs.put(place_of(name), json.dumps(value).encode())


def texts(stored: Stored) -> dict[str, str]:
    return {each.id: each.text for each in stored.statement_store.stored("store")}


def faults_of(value: object) -> list[str]:
    blobs = MemoryBlobs()
    blobs.put(place_of("small"), json.dumps(value).encode())
    with pytest.raises(UnusableConfig) as caught:
        config_named("small", blobs)
    return [reason.removeprefix("names a config with a fault: ") for reason in caught.value.reasons]


def changed(**changes: object) -> dict[str, Any]:
    return {**copy.deepcopy(SMALL), **changes}


def test_the_default_makes_what_it_says(stored: Stored) -> None:
    job = run_new(stored, "seeding", store="store")
    assert job.success is True, job.feedback
    assert job.settings["config"] == "default"
    assert counts(job) == (1000, 1000, 0, 0)
    assert len(texts(stored)) == 1000


def test_the_default_is_valid_in_both_versions() -> None:
    maker = Maker(read_config(DEFAULT))
    for index in range(3000):
        made = maker.statement(index)
        assert validate_statement(made, V1) == []
        assert validate_statement(made, V2) == []


def test_the_default_uses_all_that_it_names() -> None:
    maker = Maker(read_config(DEFAULT))
    text = json.dumps([maker.statement(index) for index in range(1000)])
    for part in ("mbox_sha1sum", "openid", "Group", "member", "instructor", "team", "category", "platform"):
        assert f'"{part}"' in text
    for name in DEFAULT["verbs"]:
        assert f"/verbs/{name}" in text


@given(
    st.integers(0, 10**6),
    st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "\0" not in text),
)
@settings(max_examples=50)
def test_a_statement_follows_from_seed_and_number_alone(index: int, seed: str) -> None:
    config = read_config({**DEFAULT, "seed": seed})
    first, other = Maker(config), Maker(config)
    other.statement(index + 1)
    made = first.statement(index)
    assert made == other.statement(index)
    assert made["id"] != first.statement(index + 1)["id"]
    assert made["timestamp"] < first.statement(index + 2)["timestamp"]
    assert validate_statement(made, V1) == [] == validate_statement(made, V2)


def test_the_statements_stay_the_same_from_release_to_release() -> None:
    made = Maker(read_config(SMALL)).statement(3)
    assert made == {
        "id": "b627a0f0-68c1-5b5a-9a9e-b6d14957a230",
        "timestamp": "2026-01-01T08:03:51.159000Z",
        "actor": {"objectType": "Agent", "mbox": "mailto:people-3@seeding.example.org"},
        "verb": {"id": "http://example.org/saw"},
        "object": {"objectType": "Activity", "id": "http://example.org/films/1"},
    }


def test_another_seed_makes_others() -> None:
    one, two = (Maker(read_config(changed(seed=seed))) for seed in (7, 8))
    assert {one.statement(each)["id"] for each in range(5)}.isdisjoint(
        two.statement(each)["id"] for each in range(5)
    )


@given(st.text(), st.integers(1, 10**9))
def test_draws_stay_in_their_range(text: str, end: int) -> None:
    draws = Draws(text)
    assert all(0 <= draws.below(end) < end for _ in range(5))
    assert all(0 <= draws.fraction() < 1 for _ in range(5))


def test_a_config_in_the_bucket_is_used(stored: Stored) -> None:
    put(stored, SMALL)
    job = run_new(stored, "seeding", store="store", config="small")
    assert counts(job) == (5, 5, 0, 0)
    assert {json.loads(text)["verb"]["id"] for text in texts(stored).values()} == {"http://example.org/saw"}
    assert {json.loads(text)["authority"]["account"]["name"] for text in texts(stored).values()} == {"client"}


def test_a_second_run_changes_nothing(stored: Stored) -> None:
    put(stored, SMALL)
    run_new(stored, "seeding", store="store", config="small")
    before = texts(stored)
    again = run_new(stored, "seeding", store="store", config="small")
    assert (again.success, counts(again)) == (True, (5, 5, 0, 0))
    assert texts(stored) == before


def test_a_change_under_the_same_seed_is_told(stored: Stored) -> None:
    put(stored, SMALL)
    run_new(stored, "seeding", store="store", config="small")
    before = texts(stored)
    put(stored, changed(verbs={"saw": {"id": "http://example.org/watched"}}))
    job = run_new(stored, "seeding", store="store", config="small")
    assert job.success is False
    assert "another content" in job.feedback
    assert texts(stored) == before


def test_many_go_page_by_page(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.lrs.jobs.seeding.PER_PAGE", 7)
    put(stored, changed(statements=50))
    job = run(stored, create(stored, "seeding", store="store", config="small")[0], seconds=1.0)
    assert counts(job) == (50, 50, 0, 0)
    assert len(texts(stored)) == 50


def test_a_page_names_no_more_than_a_batch_may(stored: Stored) -> None:
    wide = changed(
        statements=130,
        agents={"people": {"quantity": 100_000}},
        groups={"crowds": {"quantity": 1000, "of": "people", "members": 50}},
        templates=[{"actor": "crowds", "verb": "saw", "object": "crowds", "context": {"team": "crowds"}}],
    )
    put(stored, wide)
    assert counts(run_new(stored, "seeding", store="store", config="small")) == (130, 130, 0, 0)


def test_a_config_that_is_changed_while_it_is_run_ends_the_run(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.lrs.jobs.seeding.PER_PAGE", 2)
    put(stored, SMALL)
    [job] = create(stored, "seeding", store="store", config="small")
    LrsWorld(stored).job_tick.run()
    found = stored.job_store.get("seeding", job.id)
    assert found is not None
    assert found.run is not None
    LrsWorld(stored).job_worker.work("seeding", job.id, found.run.id, lambda: 1.0)
    assert len(texts(stored)) == 2
    put(stored, changed(statements=9))
    ended = run(stored, job)
    assert ended.success is False
    assert ended.feedback.startswith("The config small was changed while the run went on")


@pytest.mark.parametrize("spoilt", [b"a: [", None])
def test_a_config_that_was_spoilt_since_ends_the_run(spoilt: bytes | None, stored: Stored) -> None:
    put(stored, SMALL)
    [job] = create(stored, "seeding", store="store", config="small")
    if spoilt is None:
        stored.blobs.delete(place_of("small"))
    else:
        stored.blobs.put(place_of("small"), spoilt)
    ended = run(stored, job)
    assert ended.success is False
    assert "The config small" in ended.feedback
    assert texts(stored) == {}


def test_a_config_that_is_not_there_is_refused(stored: Stored) -> None:
    for name in ("nothing", "../delta/x", "x/y", "default.yaml"):
        with pytest.raises(Invalid) as caught:
            create(stored, "seeding", store="store", config=name)
        assert list(caught.value.faults) == ["config"]


def test_every_fault_is_told_at_once_when_the_job_is_made(stored: Stored) -> None:
    put(stored, {"colour": 1, "templates": []})
    with pytest.raises(Invalid) as caught:
        create(stored, "seeding", store="store", config="small")
    [told] = caught.value.faults.values()
    assert len(told) == 6
    assert all(text.startswith("The config field names a config with a fault: ") for text in told)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"statements": 0}, "statements must be a whole number from 1"),
        ({"statements": True}, "statements must be a whole number"),
        ({"statements": 1_000_001}, "statements must be a whole number"),
        ({"starts": "soon"}, "starts must be a timestamp"),
        ({"every": 0}, "every must be a number"),
        ({"every": 366 * 86_400, "statements": 1_000_000}, "statements must end before the year 9999"),
        ({"seed": []}, "seed must be text"),
        ({"agents": {}}, "agents must be an object"),
        ({"agents": {"people": 1}}, "agents.people must be an object"),
        (
            {"agents": {"people": {"quantity": 1, "identifiers": "phone"}}},
            "agents.people.identifiers must be",
        ),
        ({"agents": {"people": {"quantity": 1, "home_page": "x"}}}, "agents.people.home_page must be an abs"),
        ({"agents": {"people": {"quantity": 1, "domain": "a b"}}}, "templates[0] makes actor"),
        ({"groups": {"teams": {"quantity": 1, "of": "others"}}}, "groups.teams.of must be a family"),
        ({"groups": {"people": {"quantity": 1, "of": "people"}}}, "groups.people must have a name that no"),
        ({"groups": {"t": {"quantity": 1, "of": "people", "members": 51}}}, "groups.t.members must be"),
        ({"groups": {"t": {"quantity": 1, "of": "people", "identified": 1}}}, "groups.t.identified must be"),
        ({"verbs": {"saw": {}}}, "verbs.saw.id must be text"),
        ({"verbs": {"saw": {"id": "saw"}}}, "verbs.saw.id must be an absolute address"),
        ({"verbs": {"saw": {"id": "a:b", "display": {"en": 1}}}}, "verbs.saw.display must be a language map"),
        ({"verbs": {"saw": {"id": "a:b", "display": {"e n": "x"}}}}, "templates[0] makes verb.display"),
        ({"activities": {"films": {"quantity": 2, "id": "a:b"}}}, "activities.films.id must hold {n}"),
        ({"templates": [{}]}, "templates[0].actor must be a family"),
        ({"templates": [1]}, "templates[0] must be an object"),
    ],
)
def test_a_fault_names_its_place(change: dict[str, object], fault: str) -> None:
    assert any(told.startswith(fault) for told in faults_of(changed(**change))), faults_of(changed(**change))


@pytest.mark.parametrize(
    ("part", "value", "fault"),
    [
        ("result", {"score": [1]}, "result.score must be two numbers"),
        ("result", {"score": [2, 1]}, "result.score must be two numbers"),
        ("result", {"success": 2}, "result.success must be a number from 0 to 1"),
        ("result", {"duration": [0, True]}, "result.duration must be two numbers"),
        ("result", {"responses": []}, "result.responses must be a list"),
        ("context", {"registration": "yes"}, "context.registration must be true or false"),
        ("context", {"instructor": "films"}, "context.instructor must be a family of agents"),
        ("context", {"team": "people"}, "context.team must be a family of groups"),
        ("context", {"parent": "people"}, "context.parent must be a family of activities"),
        ("context", {"language": "e n"}, " makes context.language"),
        ("weight", 0, "weight must be a whole number"),
        ("object", [], "object must be a family"),
        ("object", ["films", "songs"], "object must be a family"),
    ],
)
def test_a_fault_of_a_template_names_its_place(part: str, value: object, fault: str) -> None:
    told = faults_of(changed(templates=[{**SMALL["templates"][0], part: value}]))
    assert any(fault in each and each.startswith("templates[0]") for each in told), told


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"score": [5, 5]}, {"score": {"scaled"}}),
        ({"score": [0, 0.001]}, {"score": {"scaled", "raw", "min", "max"}}),
    ],
)
def test_a_score_of_a_small_range_is_valid(result: dict[str, Any], said: dict[str, set[str]]) -> None:
    maker = Maker(read_config(changed(templates=[{**SMALL["templates"][0], "result": result}])))
    maker.check()
    assert {each for index in range(20) for each in maker.statement(index)["result"]["score"]} == said[
        "score"
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@settings(max_examples=100)
def test_whatever_a_config_is_its_faults_are_told(value: object) -> None:
    assert faults_of(value)
    assert faults_of({**SMALL, "templates": value, "groups": value})


def test_a_config_that_is_too_large_is_not_read(stored: Stored) -> None:
    stored.blobs.put(place_of("small"), b"#" * (LARGEST + 1))
    with pytest.raises(UnusableConfig, match=f"larger than {LARGEST} bytes"):
        config_named("small", stored.blobs)


def test_the_bucket_cannot_stand_in_for_what_is_built_in(stored: Stored) -> None:
    put(stored, SMALL, "default")
    assert config_named("default", stored.blobs).config.statements == DEFAULT["statements"]


def seeded_with_a_fault(k: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """One run with the k-th call of the first worker going wrong; False: it made fewer calls."""
    monkeypatch.setattr("chalicelib.lrs.jobs.seeding.PER_PAGE", 3)
    stored = Stored()
    make_store(stored)
    put(stored, SMALL)
    [job] = create(stored, "seeding", store="store", config="small")
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    assert counts(ended) == (5, 5, 0, 0), told
    maker = Maker(read_config(SMALL))
    assert texts(stored).keys() == {maker.statement(index)["id"] for index in range(5)}, told
    return True


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = next(k for k in range(MOST_CALLS) if not seeded_with_a_fault(k, kind, monkeypatch))
    assert calls > 15


def test_what_others_recorded_stays(stored: Stored) -> None:
    LrsWorld(stored).recording.record(
        principal(), V1, [statement("00000000-0000-4000-8000-000000000001")], {}
    )
    put(stored, SMALL)
    run_new(stored, "seeding", store="store", config="small")
    assert len(texts(stored)) == 6
