"""What a batch tells: each case as it ends, the time that is left on a terminal, and the numbers of all in the end."""

import io
import sys
from pathlib import Path

import pytest

from LumbarSegLib.cli.batch_telling import shown, tell_summary
from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.cohort.folder import Batch
from LumbarSegLib.cohort.records import KeyNumber, Outcome, Record
from LumbarSegLib.errors import LumbarSegError


def record(name: str, lordosis: float) -> Record:
    number = KeyNumber("lordosis_l1_s1_deg", "lordosis", "L1-S1", lordosis, f"{lordosis:.1f}°")
    flag = {"key": "fragmented", "level": "L4", "text": "L4 is broken.", "blocks": ["*"]}
    outcome = Outcome("sagittal", "L1 to L5", {}, (number,), (flag,), (), {})
    return Record(name, f"/{name}", "done", 4.0, "", "1", outcome=outcome)


BROKEN = Record("broken", "/broken", "refused", 0.1, "", "1", "The file is damaged.")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_is_the_time_left_and_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with shown(3) as show:
        show(record("a", 50.0))
        show(BROKEN)
    said = terminal.getvalue()
    assert "refused broken: The file is damaged (0.1 s)" in said
    assert "2/3" in said
    assert "1 without a result" in said
    assert "left" in said
    assert "done    a" not in said


def test_without_a_terminal_each_case_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(2) as show:
        show(record("a", 50.0))
        show(BROKEN)
    assert capsys.readouterr().out.splitlines() == [
        "1/2 done    a: L1 to L5 (4.0 s)",
        "2/2 refused broken: The file is damaged (0.1 s)",
    ]


def test_the_summary_has_the_numbers_of_all_cases_and_says_where_to_look_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [record("a", 40.0), record("b", 50.0), record("c", 60.0)]
    batch = Batch(tmp_path, tuple(Case(one.name, Path(one.image)) for one in records), {}, "1")
    tell_summary(batch, records, 3, 12.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 of 3 cases done; 3 in this run, 12 s, 4.0 s a case"
    assert lines[1] == "Look first at: a (2), b (2), c (2)"
    assert lines[3].split() == ["Lordosis", "L1-S1,", "°", "3", "50.0", "10.0", "40.0", "60.0"]


def test_a_case_without_a_result_makes_the_command_fail(tmp_path: Path) -> None:
    with pytest.raises(LumbarSegError, match=r"1 of 2 cases has no result; cases\.csv says why"):
        tell_summary(Batch(tmp_path, (), {}, "1"), [record("a", 40.0), BROKEN], 2, 1.0)
