"""An experiment is one TOML file: data, split, preprocessing, network, loss, schedule and augmentation.

Every key is checked before anything is computed: one that does not exist is named with the nearest valid one, so that a
slip of the pen does not cost a night. A file may lay its keys over another one that it `extends`.
"""

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from LumbarSegLib.core import models
from LumbarSegLib.core.preprocess import NORMALISATIONS
from training import losses, optimisers
from training.errors import TrainingError, unknown
from training.feed.settings import Augmentation, SliceDraw
from training.networks import registry

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Table):
    """Which data: a set by its name or a description file (`training.data.sets`), read from the folder given to the
    command; `options` go to the reader.
    """

    set: str
    options: dict[str, Any] = {}


class SplitOf(_Table):
    """Who is trained on: all but the patients `held_out` for the test, or so many `folds`, each tested once, or
    `everyone`, for a model that is to be used after others like it were tested; `validation` patients are drawn from
    the training part to choose the best weights, and are tested on by nobody.
    """

    held_out: tuple[str, ...] = ()
    folds: Annotated[int, Field(ge=2)] | Literal["patients"] | None = None
    everyone: bool = False
    validation: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_way_to_split(self) -> Self:
        if bool(self.held_out) + bool(self.folds) + self.everyone != 1:
            raise ValueError(
                "give one of held_out, folds and everyone; held_out = [] takes back that of a file which is extended"
            )
        return self


class Preprocessing(_Table):
    """The network's grid: square pixels of `spacing_mm`, or a fixed `size` of (rows, columns) or (slices, rows,
    columns); how intensities are normalised; whether the image is cropped to the spine first.
    """

    spacing_mm: Positive | None = None
    size: Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)] | None = None
    normalisation: str = "percentile"
    crop: bool = False

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if (self.spacing_mm is None) == (self.size is None):
            raise ValueError("give either spacing_mm or size")
        if self.normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation is one of {', '.join(NORMALISATIONS)}")
        return self

    @property
    def volumes(self) -> bool:
        """Whether a network sees whole volumes rather than slices."""
        return self.size is not None and len(self.size) == 3


class Network(_Table):
    """A network of `training.networks.registry` with its options; how many slices it sees at once and how far apart."""

    name: str
    slices: Annotated[int, Field(ge=1)] = 1
    neighbour_distance_mm: Positive = 3.0
    options: dict[str, Any] = {}


class Loss(_Table):
    """A loss of `training.losses`; `weights` of the classes, "data" to work them out from the training part."""

    name: str = "dice-ce"
    weights: Literal["data"] | tuple[Positive, ...] | None = None


class Optimiser(_Table):
    """An optimiser and a schedule of `training.optimisers`; `warmup` is a share of the whole training."""

    name: str = "adamw"
    learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    schedule: str = "poly"
    warmup: Share = 0.0


class Length(_Table):
    """How long and in what portions. `iterations` are what the schedule runs over, `minutes` a limit of the clock (with
    both, whichever ends first); `stop_at` ends earlier without changing the schedule. `accumulate` batches make one
    step. Every `validate_every` iterations the average weights are scored; after `patience` scores without a better
    one the training ends.
    """

    batch: Count
    iterations: Count | None = None
    minutes: Positive | None = None
    stop_at: Count | None = None
    accumulate: Count = 1
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.998
    checkpoint_every: Count = 250
    validate_every: Count = 250
    patience: Count | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.iterations is None and self.minutes is None:
            raise ValueError("give iterations or minutes")
        return self


class Late(_Table):
    """From which share of the training on other augmentation settings are laid over the first ones."""

    after: Share
    augmentation: dict[str, Any] = {}


class Experiment(_Table):
    """All of one experiment; `name` is that of its file.

    It may `start_from` the weights of another run or of a model file ("….ts", `training.model_start`), and draw slices
    from the `pseudo_labels` of one that labelled them itself (`training.sagittal.tse`, `training.axial.teach`).
    """

    name: str
    seed: int = 0
    data: Data
    split: SplitOf
    preprocessing: Preprocessing
    network: Network
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    training: Length
    draw: SliceDraw = SliceDraw()
    augmentation: Augmentation = Augmentation()
    late: Late | None = None
    start_from: str | None = None
    pseudo_labels: str | None = None

    @property
    def starts_from_file(self) -> bool:
        """Whether `start_from` names a model file; anything else is the name of a run."""
        return self.start_from is not None and self.start_from.endswith(models.SUFFIX)

    def augmentation_after(self, share: float) -> Augmentation:
        """The augmentation when `share` of the training is done."""
        if self.late is None or share < self.late.after:
            return self.augmentation
        return dataclasses.replace(self.augmentation, **_tuples(self.late.augmentation))


def read_experiment(path: Path) -> Experiment:
    """Read and check a TOML file. Raises TrainingError with one sentence for the first thing that is wrong."""
    table = _read_table(path)
    _check_keys(Experiment, {"name", *table}, "")
    _check_tables(table)
    try:
        experiment = Experiment(name=path.stem, **table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise TrainingError(f"{path.name}: {where or 'the file'}: {reason[0].lower()}{reason[1:]}.") from error
    _check_names(experiment)
    return _beside(path, experiment)


def _check_names(experiment: Experiment) -> None:
    for what, name, known in (
        ("network", experiment.network.name, registry.NAMES),
        ("loss", experiment.loss.name, losses.NAMES),
        ("optimiser", experiment.optimiser.name, optimisers.OPTIMISERS),
        ("schedule", experiment.optimiser.schedule, optimisers.SCHEDULES),
    ):
        if name not in known:
            raise unknown(what, name, known)


def _beside(path: Path, experiment: Experiment) -> Experiment:
    """The experiment with a description file of its data found beside the experiment's own file."""
    described = path.parent / experiment.data.set
    if not described.is_file():
        return experiment
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"set": str(described)})})


def as_plain(experiment: Experiment) -> dict[str, Any]:
    """The experiment as plain values, as it is stored with its checkpoints."""
    return experiment.model_dump(mode="json")


def _read_table(path: Path) -> dict[str, Any]:
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"There is no experiment file {path}.") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{path.name} is not valid TOML: {error}.") from error
    if "extends" not in own:
        return own
    table = _read_table(path.parent / own.pop("extends"))
    return _laid_over(table, own)


def _laid_over(table: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(table)
    for key, value in own.items():
        below = laid.get(key)
        laid[key] = _laid_over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return laid


def _check_tables(table: Mapping[str, Any]) -> None:
    for name, field in Experiment.model_fields.items():
        kind = _table_type(field)
        if kind is not None and isinstance(table.get(name), dict):
            _check_keys(kind, table[name], f"[{name}] ")
    late = table.get("late")
    if isinstance(late, dict):
        _check_keys(Augmentation, late.get("augmentation", {}), "[late.augmentation] ")


def _table_type(field: FieldInfo) -> type | None:
    """The table that a field holds, also where it may be absent."""
    kinds = get_args(field.annotation) if get_origin(field.annotation) else (field.annotation,)
    return next(
        (k for k in kinds if isinstance(k, type) and (issubclass(k, _Table) or dataclasses.is_dataclass(k))), None
    )


def _check_keys(kind: type, keys: Iterable[str], where: str) -> None:
    fields = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", {})
    for key in keys:
        if key not in fields:
            raise unknown(f"key {where}".strip(), key, fields)


def _tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
