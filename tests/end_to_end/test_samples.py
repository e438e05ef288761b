"""The sample delta files, and what becomes of their articles and entries."""

from pathlib import Path

import pytest

from tests.end_to_end.system import System

_SAMPLES = Path(__file__).resolve().parents[1] / "data" / "delta"
BASE = {
    "id": "12411116",
    "F_1": "12411116",
    "F_3": "BH30-IP20-LG08-CRI90-6,1W-4K-BM45°-RFL-WHT-IDD350mADC(DALI)",
    "F_5": "",
    "F_80000": "BULLET HOLE 30 - IP20 - LED G08 - CRI 90 - 6,1 W - 4000K - BEAM 45°-REFLECTOR",
    "F_80001": "MATT WHITE TEXTURED - INCL. DIM. DRIVER 350mA DC (DALI)",
    "F_80002": "",
    "F_80003": "",
    "F_80007": "",
    "C_75048": "BULLET HOLE",
    "C_75027": "BULLET HOLE 30",
    "C_75000": "INDOOR",
    "C_75001": "CEILING",
    "F_80006": "20/06/2022",
}
# Every value is compared as it stands in the file: nothing is parsed, trimmed or normalised.
MIXED = {
    "12411116": {key: value for key, value in BASE.items() if key not in ("F_80002", "F_80003")}
    | {
        "F_80000": "BULLET HOLE 30 - IP20 - LED G08 - CRI 90 - 6,1 W - 4000K - BEAM 36°-REFLECTOR",
        "F_80001": "",
        "F_80004": "248,28",
        "C_75001": "WALL",
    },
    "12411136": {
        "id": "12411136",
        "F_1": "12411136",
        "F_3": "BH30-IP20-LG08-CRI90-6,1W-3K-BM45°-RFL-BLK-IDD350mADC(DALI)",
        "F_5": "",
        "F_80000": "BULLET HOLE 30 - IP20 - LED G08 - CRI 90 - 6,1 W - 3000K - BEAM 45°-REFLECTOR",
        "F_80004": "251,90",
        "F_80006": "20/06/2022",
        "C_75048": "BULLET HOLE",
        "C_75027": "BULLET HOLE 30",
        "C_75000": "INDOOR",
        "C_75001": "CEILING",
        "F_80007": 'Noir mat – réflecteur ø30 mm, ½" filet, µ-driver, 日本',
    },
    "12411146": {"id": "12411146", "F_1": "12411146", "F_3": "NEW", "F_80006": "01/02/2023"},
    "12411156": {"id": "12411156", "F_1": "12411156", "F_3": "second life"},
    "12411166": None,
    "0012411176": {"id": "0012411176", "F_1": "0012411176", "F_3": "leading zeros stay"},
    "12411176": None,
}
_SET = "Trying to add feature to an existing article, but the article does not exist: {}"
_DROP = "Trying to delete feature from an existing article, but the article does not exist: {}"
# Article: text of its first failure in the third file, which is applied after the first alone.
FAILURES = {
    "12411112": _SET,
    "12411122": _SET,
    "12411132": _SET,
    "12411142": _SET,
    "12411152": "Trying to delete an existing article, but the article does not exist: {}",
    "12411162": "Trying to replace an existing article, but the article does not exist: {}",
    "12411212": _DROP,
    "12411222": _SET,
}


def send(system: System, sample: str) -> str:
    return system.drop((_SAMPLES / sample).read_bytes(), sample)


@pytest.fixture(scope="module")
def base(system: System) -> System:
    """The first sample has been applied."""
    system.forget_articles([*MIXED, *FAILURES, "12411172", "12411182"])
    assert system.finished(send(system, "00-base.json")).state == "succeeded"
    return system


def test_the_first_sample_is_an_article_with_its_keys_in_order(base: System) -> None:
    found = base.article("12411116")
    assert found is not None
    assert list(found.items()) == list(BASE.items())


def test_one_failure_blocks_its_article_and_no_other(base: System) -> None:
    file = base.finished(send(base, "02-first-failure-blocks.json"))
    assert file.state == "failed"
    assert {state: count for state, count in file.counts.items() if count} == {
        "succeeded": 3,
        "failed": 8,
        "blocked": 2,
    }
    jobs = base.api.get("jobs/failedjobs").data["jobs"]
    assert [(job["payload"]["articleData"]["F_1"], job["errors"]) for job in jobs][: len(FAILURES)] == [
        (number, [text.format(number)]) for number, text in FAILURES.items()
    ]
    listed = base.api.get("jobs/failedarticles")
    assert listed.message == "Failed articles found (8)"
    assert listed.data == list(FAILURES)
    assert base.api.get("jobs/failedfiles").data == [file.name]
    assert file.name not in base.api.get("jobs/successfulfiles").data
    assert base.article("12411172") == {
        "id": "12411172",
        "F_1": "12411172",
        "F_3": "BH30-BM45°",
        "F_5": "",
    }
    assert base.article("12411112") is None
    base.forget_jobs()


def test_the_valid_mix_succeeds_to_the_letter(base: System) -> None:
    file = base.finished(send(base, "01-mix-valid.json"))
    assert (file.state, file.total) == ("succeeded", 17)
    assert {number: base.article(number) for number in MIXED} == MIXED
