"""The EXIF tags that are shown, and how the value of each is said.

Sources: CIPA DC-008 (Exif 2.32), tables 3 to 15.
"""

from collections.abc import Callable
from fractions import Fraction

Number = int | Fraction
Value = str | tuple[Number, ...]


def _as_text(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Value) -> Number:
    if isinstance(value, str):
        raise TypeError
    return value[0]


def _one_of(words: dict[int, str]) -> Callable[[Value], str]:
    return lambda value: words[int(_number(value))]


def _with_unit(form: str) -> Callable[[Value], str]:
    return lambda value: form.format(float(_number(value)))


def _date(value: Value) -> str:
    """ "2024:05:01 10:30:00" with the dashes that people expect."""
    day, _, time = _as_text(value).partition(" ")
    return f"{day.replace(':', '-')} {time}".strip()


def _exposure(value: Value) -> str:
    seconds = _number(value)
    if seconds <= 0:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < Fraction(1, 3) else f"{float(seconds):g} s"


_TURNS = {
    1: "upright",
    2: "mirrored",
    3: "turned by 180°",
    4: "mirrored, turned by 180°",
    5: "mirrored, turned by 270°",
    6: "turned by 90°",
    7: "mirrored, turned by 90°",
    8: "turned by 270°",
}
_PROGRAMS = {1: "manual", 2: "normal", 3: "aperture first", 4: "shutter first", 5: "depth", 6: "action", 7: "portrait"}
_PROGRAMS[8] = "landscape"
_METERING = {1: "average", 2: "centre-weighted", 3: "spot", 4: "several spots", 5: "pattern", 6: "partial"}
_SCENES = {0: "standard", 1: "landscape", 2: "portrait", 3: "night"}

TAGS: list[tuple[str, str, int, Callable[[Value], str]]] = [
    ("Taken", "exif", 0x9003, _date),
    ("Digitized", "exif", 0x9004, _date),
    ("Changed", "first", 0x0132, _date),
    ("Time zone", "exif", 0x9011, _as_text),
    ("Camera maker", "first", 0x010F, _as_text),
    ("Camera model", "first", 0x0110, _as_text),
    ("Camera owner", "exif", 0xA430, _as_text),
    ("Camera serial number", "exif", 0xA431, _as_text),
    ("Lens maker", "exif", 0xA433, _as_text),
    ("Lens model", "exif", 0xA434, _as_text),
    ("Orientation as stored", "first", 0x0112, _one_of(_TURNS)),
    ("Exposure", "exif", 0x829A, _exposure),
    ("Aperture", "exif", 0x829D, _with_unit("f/{:g}")),
    ("Sensitivity", "exif", 0x8827, _with_unit("ISO {:g}")),
    ("Exposure correction", "exif", 0x9204, _with_unit("{:+.2g} EV")),
    ("Exposure program", "exif", 0x8822, _one_of(_PROGRAMS)),
    ("Metering", "exif", 0x9207, _one_of(_METERING)),
    ("Flash", "exif", 0x9209, lambda value: "fired" if int(_number(value)) & 1 else "did not fire"),
    ("Focal length", "exif", 0x920A, _with_unit("{:g} mm")),
    ("Focal length on 35 mm film", "exif", 0xA405, _with_unit("{:g} mm")),
    ("Digital zoom", "exif", 0xA404, _with_unit("{:.2g} times")),
    ("White balance", "exif", 0xA403, _one_of({0: "automatic", 1: "manual"})),
    ("Scene", "exif", 0xA406, _one_of(_SCENES)),
    ("Colour space", "exif", 0xA001, _one_of({1: "sRGB", 65535: "not calibrated"})),
    ("Title", "first", 0x010E, _as_text),
    ("Comment", "exif", 0x9286, _as_text),
    ("Artist", "first", 0x013B, _as_text),
    ("Copyright", "first", 0x8298, _as_text),
    ("Software", "first", 0x0131, _as_text),
    ("Altitude", "gps", 6, _with_unit("{:.0f} m")),
    ("Position on", "gps", 0x1D, _date),
]
