"""lumbarseg agreement: a folder of findings in, tables and plots out."""

from pathlib import Path

import pytest

from LumbarSegLib import cli
from Testing.core.test_reader_study import AREA, write_reading


def test_a_folder_of_two_readers_becomes_tables_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for case in range(5):
        for reader, off in (("Anna", 0.0), ("Jürgen", 3.0)):
            write_reading(tmp_path / "in", reader, f"case{case}", {(AREA, "L4/5"): 80.0 + 10 * case + off})
    assert cli.run(["agreement", str(tmp_path / "in"), "-o", str(tmp_path / "new" / "out")]) == 0
    told = capsys.readouterr().out
    assert "2 readers, 5 cases, 1 measure." in told
    assert "1 of them has fewer than the 30 values that are advised" in told
    assert "Jürgen" in (tmp_path / "new" / "out" / "agreement.md").read_text(encoding="utf-8")


def test_an_empty_folder_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["agreement", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()
