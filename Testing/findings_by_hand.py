"""Findings written by hand for a phantom of three levels: some numbers, one that was not measured, one doubt."""

from LumbarSegLib.core.findings import Findings, Flag, Landmark, Measurement, Point, Section, Trace

FRONT, BACK = 20.0, 54.0  # mm behind the border of the stack, of a body
REASON = "The border of the image cuts L3."
DOUBT = "The corners of L5 differ, see the outline."
AREAS = {"L3": 210.0, "L3/4": 180.4, "L4": 190.0, "L4/5": 96.0, "L5": 170.0, "L5/S1": 160.0}
DIAMETERS = {"L3": 15.0, "L3/4": 13.04, "L4": 14.0, "L4/5": 9.0, "L5": 13.5, "L5/S1": None}


def place(down: float, back: float) -> Point:
    """A place in the middle slice of `PhantomSpine(vertebrae=3)`, mm from its anterior upper corner, in LPS."""
    return (11.0 - 24.0, -60.0 + back, 40.0 - down)


def findings_by_hand() -> Findings:
    """Findings whose levels lie 17 mm apart, the bodies 24 mm tall, the canal 14 mm behind them."""
    middles = {level: 20.0 + 17.0 * k for k, level in enumerate(AREAS)}
    return Findings(
        measurements=tuple(one for level, down in middles.items() for one in _at(level, down)) + _spans(),
        landmarks={name: Landmark(one) for level, down in middles.items() for name, one in _landmarks(level, down)},
        sections=tuple(_section(level, down) for level, down in reversed(middles.items())),
        flags=(Flag("corners_disagree", "L5", DOUBT),),
        lowest_disc="L5/S1",
    )


def _landmarks(level: str, down: float) -> list[tuple[str, Point]]:
    canal = [("canal_anterior", place(down, BACK + 7)), ("canal_posterior", place(down, BACK + 20))]
    body = [
        (f"{plate}_{end}", place(down + side, back))
        for plate, side in (("superior", -12.0), ("inferior", 12.0))
        for end, back in (("anterior", FRONT), ("middle", (FRONT + BACK) / 2), ("posterior", BACK))
        if "/" not in level and level != "L3"
    ]
    return [(f"{level}.{name}", one) for name, one in [*canal, *body]]


def _at(level: str, down: float) -> list[Measurement]:
    ring = tuple(place(down, BACK + back) for back in (7.0, 14.0, 20.0))
    ends = dict(_landmarks(level, down)[:2])
    diameter = DIAMETERS[level]
    canal = [
        Measurement("canal.area", level, AREAS[level], Trace(contours=(ring,)), flags=("thick_slices",)),
        Measurement(
            "canal.midsagittal_ap", level, diameter, Trace(ends), reason="" if diameter else "The border cuts it."
        ),
    ]
    if "/" in level:
        return [
            *canal,
            Measurement("alignment.segmental_angle", level, 9.06),
            Measurement("alignment.slip", level, -0.04),
        ]
    if level == "L3":
        return [*canal, Measurement("vertebra.anterior_height", level, None, reason=REASON)]
    return [*canal, Measurement("vertebra.height_loss", level, 22.0, band="Genant 1", status="edited")]


def _spans() -> tuple[Measurement, ...]:
    lines = ((place(42.0, FRONT), place(42.0, BACK)), (place(100.0, FRONT), place(105.0, BACK)))
    return (Measurement("alignment.lordosis", "L4-S1", 31.26, Trace(lines=lines)),)


def _section(level: str, down: float) -> Section:
    cut = level == "L5/S1"
    middle = place(down, BACK + 14)
    return Section(
        along_mm=120.0 - down,
        level=level,
        center=middle,
        area_mm2=None if cut else AREAS[level],
        anteroposterior_mm=None if cut else 13.0,
        transverse_mm=None if cut else 18.0,
        contour=(middle,),
        anteroposterior=None if cut else (middle, middle),
        transverse=None if cut else (middle, middle),
        reason="The border of the image cuts the canal here." if cut else "",
    )
