"""The runner of checks: everything is run, what fails says what to do."""

import sys

import pytest

from infra import check
from infra.check import Check

GOOD = Check("good", [sys.executable, "-S", "-c", "print('quiet')"], "nothing")
BAD = Check(
    "bad", [sys.executable, "-S", "-c", "print('line 7 is wrong'); raise SystemExit(3)"], "Mend line 7"
)


def test_a_good_check_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run([GOOD]) == []
    assert "quiet" not in capsys.readouterr().out


def test_a_failed_check_shows_its_output_and_what_to_do_and_the_others_still_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check.run([BAD, GOOD]) == [BAD]

    out = capsys.readouterr().out
    assert "line 7 is wrong" in out
    assert "Mend line 7" in out
    assert "check good" in out


def test_the_exit_code_tells(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "CHECKS", (GOOD, BAD))

    assert check.main(["good"]) == 0
    assert check.main([]) == 1
    assert "1 of 2 checks failed: bad" in capsys.readouterr().out
    assert check.main(["unheard-of"]) == 2
    assert "There are: good, bad" in capsys.readouterr().err
