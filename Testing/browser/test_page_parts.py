"""What the page is told, without a browser: the door's lines, tables, the next value, the curve, cut-offs, series."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from LumbarSegLib.browser.session.settings import message_from, settings_from
from LumbarSegLib.browser.session.tables import curve_to_show, key_beside, tables_to_show
from LumbarSegLib.core.dicom.series import series_in
from LumbarSegLib.core.thresholds import OWN, SHIPPED, changed
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.ordering import AS_IT_IS, Order
from Testing.dicom_series import SLICES, write_series
from Testing.findings_by_hand import findings_by_hand


def test_the_first_line_says_where_to_listen_and_what_to_open() -> None:
    told = {"port": 0, "secret": "s", "folder": "/held/x", "open": {"path": "/data/a.nrrd"}, "served_folder": None}
    settings = settings_from(json.dumps(told))
    assert (settings.path, settings.sample, settings.served_folder) == (Path("/data/a.nrrd"), "", None)
    assert settings.exports == Path("/held/x/export")
    assert settings_from(json.dumps(told | {"open": None})).path is None


def test_later_lines_tell_of_uploads_and_of_the_end() -> None:
    message = message_from('{"uploaded": ["/held/x/1.nrrd"], "names": ["knee.nrrd"]}')
    assert (message.uploaded, message.names, message.idle) == ((Path("/held/x/1.nrrd"),), ("knee.nrrd",), None)
    assert message_from('{"idle": true}').idle is True
    with pytest.raises(ValueError, match="object"):
        message_from("[]")


def test_a_table_has_a_cell_for_each_value_and_says_what_is_missing() -> None:
    tables = tables_to_show(findings_by_hand())
    cells = [cell for table in tables for row in table["rows"] for cell in row["cells"] if cell]
    assert {cell["text"] for cell in cells if cell["missing"]} <= {"—"}
    assert all(cell["key"].count(" ") >= 1 and cell["tip"] for cell in cells)
    assert len({cell["key"] for cell in cells}) == len(cells)
    assert tables_to_show(None) == []


def test_a_sorted_table_has_its_values_in_order_and_the_others_stay() -> None:
    found = findings_by_hand()
    plain = tables_to_show(found)
    for table in plain:
        for column in range(len(table["heads"])):
            upward, downward = (
                next(one for one in tables_to_show(found, table["title"], order) if one["title"] == table["title"])
                for order in (Order(column), Order(column, downward=True))
            )
            shown = [[row["cells"][column] for row in one["rows"]] for one in (upward, downward)]
            up, down = ([float(cell["text"]) for cell in cells if cell and not cell["missing"]] for cells in shown)
            assert up == sorted(up) and down == sorted(down, reverse=True) and len(up) == len(down)
            assert all(not cell or cell["missing"] for cells in shown for cell in cells[len(up) :])
    others = tables_to_show(found, plain[0]["title"], Order(0))[1:]
    assert others == plain[1:]
    assert tables_to_show(found, plain[0]["title"], Order(len(plain[0]["heads"]))) == plain


def test_a_third_click_on_a_head_brings_the_order_of_levels_back() -> None:
    first = AS_IT_IS.after_click(2)
    second = first.after_click(2)
    assert (first, second, second.after_click(2)) == (Order(2), Order(2, downward=True), AS_IT_IS)
    assert second.after_click(1) == Order(1)


def rows(*keys: str | None) -> dict[str, Any]:
    return {"rows": [{"cells": [None, {"key": key} if key else None]} for key in keys]}


@pytest.mark.parametrize(
    ("selected", "step", "next_one"), [("b", 1, "d"), ("d", 1, "a"), ("a", -1, "d"), ("d", -1, "b")]
)
def test_the_next_value_is_the_one_below_and_comes_round(selected: str, step: int, next_one: str) -> None:
    assert key_beside(rows("a", "b", None, "d"), selected, step) == next_one


def test_the_curve_breaks_where_there_is_no_area() -> None:
    found = findings_by_hand()
    without = replace(found.sections[2], area_mm2=None)
    sections = (*found.sections[:2], without, *found.sections[3:])
    whole, broken = curve_to_show(found), curve_to_show(replace(found, sections=sections))
    assert whole and broken
    assert [place["y"] is None for place in broken["places"]] == [one.area_mm2 is None for one in sections]
    assert broken["path"].count("M") == whole["path"].count("M") + 1
    xs = [place["x"] for place in whole["places"]]
    assert xs == sorted(xs)
    assert curve_to_show(replace(found, sections=())) is None


def test_a_changed_cut_off_is_the_users_own_and_the_others_stay() -> None:
    mine = changed(SHIPPED, "ts.area", 0, "99,5")
    assert (mine["ts.area"][0].value, mine["ts.area"][0].source, mine["ts.area"][0].meaning) == (99.5, OWN, OWN)
    assert mine["ts.area"][0].levels == SHIPPED["ts.area"][0].levels
    assert mine["ts.area"][1:] == SHIPPED["ts.area"][1:]
    assert changed(SHIPPED, "ts.area", 0, SHIPPED["ts.area"][0].value) == SHIPPED
    for nonsense in ("", "many", "nan", "inf"):
        with pytest.raises(InputError, match="must be a number"):
            changed(SHIPPED, "ts.area", 0, nonsense)


def test_the_series_of_a_folder_are_listed_by_their_number(tmp_path: Path) -> None:
    uids = [write_series(tmp_path / str(number), number=number, description=f"series {number}") for number in (7, 3)]
    listed = series_in(tmp_path)
    assert [(one.number, one.description, one.slices) for one in listed] == [
        ("3", "series 3", SLICES),
        ("7", "series 7", SLICES),
    ]
    assert {one.uid for one in listed} == set(uids)
