"""What a camera wrote into an image, as words, and where it was taken.

Source of the tags and their values: CIPA DC-008 (Exif 2.32), tables 3 to 15.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image
from PIL.ExifTags import GPS, IFD, Base

from core.text.lines import one_line, shorten

MAX_LENGTH = 120  # characters of a value that is shown
_POSITION_TAGS = frozenset(GPS)


@dataclass(frozen=True)
class Exif:
    """`facts` are {words: value in words}, in a fixed order. `position` says where on Earth, "" where it is not said.

    The position is also among the facts: who publishes such an image publishes the place. `block` is whether the file
    has an EXIF block, even one that says nothing.
    """

    facts: dict[str, str] = field(default_factory=dict)
    position: str = ""
    block: bool = False


def exif_of(image: Image.Image) -> Exif:
    """The facts of an opened image; tags that are broken, or of another kind than the standard's, are left out."""
    facts = {}
    tags = _tags(image)
    for words, tag, in_words in _SHOWN:
        try:
            text = in_words(tags[tag]).split("\0")[0][: 10 * MAX_LENGTH]
            if text := shorten(one_line(text), MAX_LENGTH):
                facts[words] = text
        except Exception:  # it is not there, or whatever a stranger wrote in its place
            continue
    position = _position(tags)
    if position:
        facts["Position"] = position
    return Exif(facts, position, bool(facts) or "exif" in image.info)


def _tags(image: Image.Image) -> dict[int, Any]:
    """The tags of the three directories that we show; those of the position as `GPS` names them."""
    tags: dict[int, Any] = {}
    try:
        exif = image.getexif()
        tags.update((tag, value) for tag, value in exif.items() if tag not in _POSITION_TAGS)
        tags.update(exif.get_ifd(IFD.Exif))
        if isinstance(comment := tags.get(Base.UserComment), bytes):  # eight bytes that name its encoding, then text
            coding = "utf-8" if not comment.startswith(b"UNICODE\0") else f"utf-16-{'bl'[exif.endian == '<']}e"
            tags[Base.UserComment] = comment[8:].decode(coding, "replace")
        tags.update(exif.get_ifd(IFD.GPSInfo))
    except Exception:  # the block is broken from there on
        pass
    return tags


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    try:
        return value.encode("latin-1").decode()  # Pillow reads latin-1, most programs write UTF-8
    except UnicodeError:
        return value


def _one_of(words: dict[int, str]) -> Callable[[Any], str]:
    return lambda value: words[int(value)]


def _with_unit(form: str) -> Callable[[Any], str]:
    def in_words(value: Any) -> str:
        number = float(value)
        return form.format(number) if math.isfinite(number) else ""  # Pillow's n/0 is not a number

    return in_words


def _date(value: Any) -> str:
    """ "2024:05:01 10:30:00" with the dashes that people expect."""
    day, _, time = _text(value).partition(" ")
    return f"{day.replace(':', '-')} {time}".strip()


def _exposure(value: Any) -> str:
    seconds = float(value)
    if not seconds > 0:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < 1 / 3 else f"{seconds:g} s"


def _position(tags: dict[int, Any]) -> str:
    degrees = []
    for reference, angle, letters, most in (
        (GPS.GPSLatitudeRef, GPS.GPSLatitude, "NS", 90),
        (GPS.GPSLongitudeRef, GPS.GPSLongitude, "EW", 180),
    ):
        try:
            letter = tags[reference]
            whole, minutes, seconds = map(float, tags[angle])
            value = whole + minutes / 60 + seconds / 3600
            if letter in tuple(letters) and 0 <= value <= most:
                degrees.append(f"{value:.5f}° {letter}")
        except (KeyError, TypeError, ValueError, ArithmeticError):
            continue
    return ", ".join(degrees) if len(degrees) == 2 else ""


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

_SHOWN: list[tuple[str, ExifTags.Base | ExifTags.GPS, Callable[[Any], str]]] = [
    ("Taken", Base.DateTimeOriginal, _date),
    ("Digitized", Base.DateTimeDigitized, _date),
    ("Changed", Base.DateTime, _date),
    ("Time zone", Base.OffsetTimeOriginal, _text),
    ("Camera maker", Base.Make, _text),
    ("Camera model", Base.Model, _text),
    ("Camera owner", Base.CameraOwnerName, _text),
    ("Camera serial number", Base.BodySerialNumber, _text),
    ("Lens maker", Base.LensMake, _text),
    ("Lens model", Base.LensModel, _text),
    ("Orientation as stored", Base.Orientation, _one_of(_TURNS)),
    ("Exposure", Base.ExposureTime, _exposure),
    ("Aperture", Base.FNumber, _with_unit("f/{:g}")),
    ("Sensitivity", Base.ISOSpeedRatings, _with_unit("ISO {:g}")),
    ("Exposure correction", Base.ExposureBiasValue, _with_unit("{:+.2g} EV")),
    ("Exposure program", Base.ExposureProgram, _one_of(_PROGRAMS)),
    ("Metering", Base.MeteringMode, _one_of(_METERING)),
    ("Flash", Base.Flash, lambda value: "fired" if int(value) & 1 else "did not fire"),
    ("Focal length", Base.FocalLength, _with_unit("{:g} mm")),
    ("Focal length on 35 mm film", Base.FocalLengthIn35mmFilm, _with_unit("{:g} mm")),
    ("Digital zoom", Base.DigitalZoomRatio, _with_unit("{:.2g} times")),
    ("White balance", Base.WhiteBalance, _one_of({0: "automatic", 1: "manual"})),
    ("Scene", Base.SceneCaptureType, _one_of(_SCENES)),
    ("Colour space", Base.ColorSpace, _one_of({1: "sRGB", 65535: "not calibrated"})),
    ("Title", Base.ImageDescription, _text),
    ("Comment", Base.UserComment, _text),
    ("Artist", Base.Artist, _text),
    ("Copyright", Base.Copyright, _text),
    ("Software", Base.Software, _text),
    ("Altitude", GPS.GPSAltitude, _with_unit("{:.0f} m")),
    ("Position on", GPS.GPSDateStamp, _date),
]
