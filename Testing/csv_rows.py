"""Rows of a CSV as a test asks for them: the one number of a row, whatever its unit."""

from collections.abc import Mapping

from LumbarSegLib.core.report.csv_text import VALUES


def value_in(row: Mapping[str, str]) -> str:
    """The number of a row, "" where nothing was measured; no row may have two."""
    found = [row[column] for column in VALUES if row[column]]
    assert len(found) < 2, row
    return found[0] if found else ""
