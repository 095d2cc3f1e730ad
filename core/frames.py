"""How many frames a file holds, counted without decoding any and in bounded time.

Pillow counts the frames of a GIF or TIFF by parsing each of them, and a hostile file has millions. Here GIF's blocks
and TIFF's directories are only stepped over, and at most `MAX_FRAMES` of them. A file that breaks off or leads in a
circle has the frames up to there.
"""

from itertools import islice

from PIL.ImageFile import ImageFile

from core.tiff import directories

MAX_FRAMES = 1000
_MAX_STEPS = 300_000  # 64 MB of GIF's blocks of 255 bytes, in 40 ms


def count_frames(image: ImageFile, content: bytes) -> int:
    """The number of frames, 1..`MAX_FRAMES`: of a GIF's, PNG's or WebP's animation, or pages of a TIFF.

    Args:
        image: The opened picture, of which only the header has been read.
        content: The whole file.
    """
    if image.format == "GIF":
        frames = _gif_frames(content)
    elif image.format == "TIFF":
        frames = sum(1 for _ in islice(directories(content), MAX_FRAMES))
    elif image.format in {"PNG", "WEBP"}:
        frames = int(getattr(image, "n_frames", 1))  # both say it in the header, which is read already
    else:
        frames = 1
    return min(max(frames, 1), MAX_FRAMES)


def _gif_frames(content: bytes) -> int:
    frames = steps = 0
    try:
        at = 13 + _table(content[10])
        while frames < MAX_FRAMES and steps < _MAX_STEPS and content[at] != 0x3B:
            steps += 1
            if content[at] == 0x2C:  # a frame: its place, flags, colours and code size, then blocks
                frames += 1
                at += 11 + _table(content[at + 9])
            elif content[at] == 0x21:  # an extension: its label, then blocks
                at += 2
            else:  # a byte that belongs nowhere, which Pillow passes over too
                at += 1
                continue
            while content[at] and steps < _MAX_STEPS:
                steps += 1
                at += 1 + content[at]
            at += 1
    except IndexError:
        pass
    return frames


def _table(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
