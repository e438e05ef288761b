"""The parameters of the jobs that maintain data: each there, missing, of a wrong type, out of range."""

import pytest

from chalicelib.errors import Invalid
from tests.doubles.lrs_world import Stored
from tests.doubles.running_jobs import create, make_store

RIGHT: dict[str, dict[str, object]] = {
    "validation": {"clear": False, "store": "store"},
    "clearing": {"service": "statements", "until": "now", "store": "store"},
    "logs-deletion": {"max_level": 3, "until": "now", "store": "store"},
    "cmi5-tokens-deletion": {"until": "now", "store": "store"},
    "stores-deletion": {"store_id": "id-of-store"},
}
UNTIL = ("now", "1_hour", "1_day", "1_week", "1_month", "1_year")
SERVICES = ("statements", "activities", "agents", "activity-profiles", "agent-profiles", "states")


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    make_store(made, "other")
    make_store(made, "closing", "deleting")
    return made


def faults_of(stored: Stored, kind: str, **changed: object) -> dict[str, list[str]]:
    """The faults of a request that is right but for these fields; None: the field is left out."""
    with pytest.raises(Invalid) as refused:
        create(stored, kind, **{**RIGHT[kind], **changed})
    return refused.value.faults


@pytest.mark.parametrize("kind", RIGHT)
def test_what_is_right_makes_one_job(stored: Stored, kind: str) -> None:
    [job] = create(stored, kind, **RIGHT[kind])
    assert (job.type, job.store) == (kind, "store")
    assert job.settings["dry_run"] is False


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        ("validation", "clear", (True, False)),
        ("clearing", "until", UNTIL),
        ("clearing", "service", SERVICES),
        ("logs-deletion", "max_level", tuple(range(8))),
        ("logs-deletion", "until", UNTIL),
        ("cmi5-tokens-deletion", "until", UNTIL[:4]),
        ("stores-deletion", "store_id", ("id-of-store", "id-of-closing")),
    ],
)
def test_each_value_of_the_table_is_taken(
    stored: Stored, kind: str, field: str, values: tuple[object, ...]
) -> None:
    for value in values:
        [job] = create(stored, kind, **{**RIGHT[kind], field: value})
        assert (job.service if field == "service" else job.settings[field]) == value
        assert (
            create(stored, kind, **{**RIGHT[kind], field: value, "dry_run": True})[0].settings["dry_run"]
            is True
        )


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("validation", "clear"),
        ("clearing", "service"),
        ("clearing", "until"),
        ("logs-deletion", "max_level"),
        ("logs-deletion", "until"),
        ("cmi5-tokens-deletion", "until"),
        ("stores-deletion", "store_id"),
    ],
)
def test_what_is_required_is_missed(stored: Stored, kind: str, field: str) -> None:
    assert faults_of(stored, kind, **{field: None}) == {field: [f"The {field} field is required."]}


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        ("validation", "clear", ("true", 1, 0, [], {})),
        ("validation", "store", (1, "none", "closing", "", True)),
        ("validation", "dry_run", ("true", 1)),
        ("clearing", "service", ("statement", 1, "agent_profiles", ["statements"])),
        ("clearing", "until", ("2_days", 1, True, "", ["now"])),
        ("clearing", "store", (1, "none", "closing")),
        ("logs-deletion", "max_level", (-1, 8, "3", 3.5, True, [3])),
        ("logs-deletion", "until", ("never", 0)),
        ("logs-deletion", "store", (1, "none", "closing")),
        ("cmi5-tokens-deletion", "until", ("date", "1_month", "1_year", 1)),
        ("cmi5-tokens-deletion", "store", (1, "none", "closing")),
        ("stores-deletion", "store_id", (1, "", "store", "none", True)),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(
    stored: Stored, kind: str, field: str, values: tuple[object, ...]
) -> None:
    for value in values:
        assert list(faults_of(stored, kind, **{field: value})) == [field], value


@pytest.mark.parametrize("kind", ["clearing", "logs-deletion"])
def test_until_a_date_needs_the_date(stored: Stored, kind: str) -> None:
    assert list(faults_of(stored, kind, until="date")) == ["until_date"]
    for wrong in ("yesterday", 1, "2026-13-01"):
        assert list(faults_of(stored, kind, until="date", until_date=wrong)) == ["until_date"]
    [job] = create(stored, kind, **{**RIGHT[kind], "until": "date", "until_date": "2026-12-31"})
    assert job.settings["until_date"] == "2026-12-31"


def test_a_token_job_knows_no_date(stored: Stored) -> None:
    assert "until_date" in faults_of(stored, "cmi5-tokens-deletion", until_date="2026-12-31")


@pytest.mark.parametrize(("kind", "stores"), [("validation", 2), ("clearing", 2)])
def test_without_a_store_each_ready_store_gets_a_job(stored: Stored, kind: str, stores: int) -> None:
    jobs = create(stored, kind, **{**RIGHT[kind], "store": None})
    assert [job.store for job in jobs] == ["other", "store"]
    assert len(jobs) == stores


@pytest.mark.parametrize("kind", ["logs-deletion", "cmi5-tokens-deletion"])
def test_without_a_store_one_job_is_about_all(stored: Stored, kind: str) -> None:
    [job] = create(stored, kind, **{**RIGHT[kind], "store": None})
    assert job.store == ""


def test_all_services_are_one_job_each(stored: Stored) -> None:
    jobs = create(stored, "clearing", service="all", until="now", store="store")
    assert [job.service for job in jobs] == list(SERVICES)


def test_a_store_is_named_by_its_id_alone(stored: Stored) -> None:
    assert "store" in faults_of(stored, "stores-deletion", store="store")
