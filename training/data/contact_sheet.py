"""Overlays of a data set to look at: every case with its classes drawn over it, on as many pages as it takes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.images import write_whole
from training.data.cases import UNKNOWN, Case, DataSet

Colour = tuple[float, float, float]

_DPI = 100
_PAGE = (1800, 1800)  # pixels for the tiles of a page: across, and at most down
_HEAD, _FOOT, _CAPTION, _GAP = 60, 60, 24, 8  # pixels
_COLUMNS, _COLUMNS_OF_TALL, _COLUMNS_OF_VOLUMES = 4, 9, 6
_TALL = 1.7  # height by width
_FILL = 0.3
_PAPER, _INK = "0.13", "0.95"  # dark, so that bright images end visibly
_UNKNOWN_COLOUR: Colour = (0.55, 0.55, 0.75)
_INTENSITIES = (0.5, 99.5)  # percentiles shown as black and white


@dataclass(frozen=True)
class _Tile:
    caption: str
    pixels: NDArray[np.float32]  # (rows, columns, 3), square pixels
    values: frozenset[int]  # the classes drawn


@dataclass(frozen=True)
class _Layout:
    """A page of `rows` x `columns` tiles of `height` x `width` pixels each."""

    rows: int
    columns: int
    height: int
    width: int


def write_contact_sheet(
    dataset: DataSet, path: Path, on_case: Callable[[Case], None] = lambda case: None
) -> list[Path]:
    """Draw every case on pages `path`, `path` with -2, and so on; returns the pages. `on_case` is called after each.

    Volumes show three slices of their labelled part, the middle and those halfway to its ends, pictures the whole. A
    slice has the aspect ratio of its spacing and stands as it is read: sagittal with the head up and anterior left.
    Raises TrainingError for a case that cannot be read, OutputError where nothing can be written.
    """
    shown = 3 if any(_stack(dataset, case.read_image()).GetSize()[2] > 1 for case in dataset.cases[:1]) else 1
    layout = _layout(_height_by_width(dataset), shown)
    colours = class_colours(dataset)
    per_page = layout.rows * layout.columns // shown
    batches = [dataset.cases[start : start + per_page] for start in range(0, len(dataset.cases), per_page)]
    pages = []
    for number, batch in enumerate(batches, start=1):
        tiles: list[_Tile | None] = []
        for case in batch:
            of_case = list(_tiles(dataset, case, colours, layout, shown))
            tiles += [*of_case, *[None] * (shown - len(of_case))]
            on_case(case)
        figure = _page(dataset, tiles, layout, colours, f"page {number} of {len(batches)}")
        page = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        write_whole(page, lambda place, figure=figure: figure.savefig(place, format="png"))  # type: ignore[misc]
        pages.append(page)
    return pages


def class_colours(dataset: DataSet) -> dict[int, Colour]:
    """The colour (0 to 1) of each class but the background, as everywhere in LumbarSeg, and one for UNKNOWN."""
    by_name: Mapping[str, Colour] = {
        kind: (row.color[0] / 255, row.color[1] / 255, row.color[2] / 255)
        for kind, row in kinds_of(dataset.task).items()
    }
    colours = {value: by_name[name] for value, name in enumerate(dataset.classes) if name in by_name}
    return colours | {UNKNOWN: _UNKNOWN_COLOUR}


def overlay(
    grey: NDArray[np.float32], classes: NDArray[np.uint8], colours: Mapping[int, Colour]
) -> NDArray[np.float32]:
    """Grey (rows, columns) in 0..1 with each class washed over it and outlined, as (rows, columns, 3)."""
    pixels = np.repeat(grey[..., np.newaxis], 3, axis=2).astype(np.float32)
    edges = find_boundaries(classes, mode="inner")
    for value, colour in colours.items():
        of_class = classes == value
        pixels[of_class] = (1 - _FILL) * pixels[of_class] + _FILL * np.array(colour, np.float32)
        pixels[of_class & edges] = colour
    return pixels


def _tiles(dataset: DataSet, case: Case, colours: Mapping[int, Colour], layout: _Layout, shown: int) -> Iterator[_Tile]:
    image, classes = _stack(dataset, case.read_image()), _stack(dataset, case.read_classes())
    count = image.GetSize()[2]
    low, high = np.percentile(sitk.GetArrayViewFromImage(image), _INTENSITIES)
    columns_mm, rows_mm = (image.GetSize()[axis] * image.GetSpacing()[axis] for axis in (0, 1))
    step = max(columns_mm / layout.width, rows_mm / layout.height)
    for index in _slices(sitk.GetArrayViewFromImage(classes), shown):
        small = preprocess.resample_in_plane(preprocess.without_place(image[:, :, index : index + 1]), step)
        labels = preprocess.without_place(classes[:, :, index : index + 1])
        on_grid = sitk.Resample(labels, small, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        grey = np.clip((sitk.GetArrayFromImage(small)[0] - low) / max(float(high - low), 1e-6), 0, 1)
        caption = case.name if count == 1 else f"{case.name}, slice {index + 1} of {count}"
        drawn = sitk.GetArrayFromImage(on_grid)[0]
        yield _Tile(caption, overlay(grey, drawn, colours), frozenset(np.unique(drawn).tolist()))


def _slices(classes: NDArray[np.uint8], shown: int) -> list[int]:
    """The middle one of the labelled slices, and with three shown those halfway to both ends; fewer where they meet."""
    labelled = np.flatnonzero(((classes > 0) & (classes != UNKNOWN)).any((1, 2)))
    first, last = (int(labelled[0]), int(labelled[-1])) if len(labelled) else (0, len(classes) - 1)
    places = [0.5] if shown == 1 else [0.25, 0.5, 0.75]
    return sorted({first + int(place * (last - first + 1)) for place in places})


def _stack(dataset: DataSet, image: sitk.Image) -> sitk.Image:
    return preprocess.to_stack_order(image, preprocess.ORIENTATIONS[dataset.task])


def _height_by_width(dataset: DataSet) -> float:
    """The median over some cases spread over the set."""
    ratios = []
    for case in dataset.cases[:: max(1, len(dataset.cases) // 8)]:
        stack = _stack(dataset, case.read_image())
        (columns, rows, _), (column_step, row_step, _) = stack.GetSize(), stack.GetSpacing()
        ratios.append(rows * row_step / (columns * column_step))
    return float(np.median(ratios))


def _layout(height_by_width: float, shown: int) -> _Layout:
    of_pictures = _COLUMNS_OF_TALL if height_by_width > _TALL else _COLUMNS
    columns = of_pictures if shown == 1 else _COLUMNS_OF_VOLUMES
    width = _PAGE[0] // columns - _GAP
    height = round(width * min(height_by_width, 4.0))
    rows = max(1, _PAGE[1] // (height + _CAPTION + _GAP))
    return _Layout(rows, columns, height, width)


def _page(
    dataset: DataSet, tiles: Sequence[_Tile | None], layout: _Layout, colours: Mapping[int, Colour], number: str
) -> Figure:
    rows = -(-len(tiles) // layout.columns)
    cell_width, cell_height = layout.width + _GAP, layout.height + _CAPTION + _GAP
    width, height = layout.columns * cell_width + _GAP, _HEAD + rows * cell_height + _FOOT
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    for place, tile in enumerate(tiles):
        if tile is None:
            continue
        row, column = divmod(place, layout.columns)
        left, top = _GAP + column * cell_width, _HEAD + row * cell_height + _CAPTION
        bottom = height - top - layout.height
        axes = figure.add_axes((left / width, bottom / height, layout.width / width, layout.height / height))
        axes.imshow(tile.pixels, interpolation="nearest", aspect="equal")
        axes.set_anchor("NW")
        axes.set_axis_off()
        figure.text(
            left / width, (height - top + 6) / height, _short(tile.caption, layout.width), fontsize=9, color=_INK
        )
    figure.text(
        _GAP / width, 1 - 0.5 * _HEAD / height, f"{dataset.name}, {number}", fontsize=14, va="center", color=_INK
    )
    seen = frozenset[int]().union(*(tile.values for tile in tiles if tile))
    named = {value: name for value, name in enumerate(dataset.classes) if value in colours}
    if UNKNOWN in seen:
        named[UNKNOWN] = "unknown"
    figure.legend(
        handles=[Patch(facecolor=colours[value], label=name) for value, name in named.items()],
        loc="center",
        bbox_to_anchor=(0.5, 0.5 * _FOOT / height),
        ncols=len(named),
        fontsize=12,
        frameon=False,
        labelcolor=_INK,
    )
    return figure


def _short(caption: str, width: int) -> str:
    """The caption cut to what `width` pixels hold, its end kept: names differ there."""
    most = width // 7
    return caption if len(caption) <= most else f"…{caption[-most + 1 :]}"
