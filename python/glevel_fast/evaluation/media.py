"""Bytes of images and arrays to NumPy. Nothing is guessed: a file that is not what its task needs is an error."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.extras import require

__all__ = ["AnswerError", "array", "colours", "flow", "grey", "labels", "points"]

MAX_PIXELS = 2**25
"""Most pixels of an image or a mask, and most numbers of an array: 270 MB as doubles."""
MAX_ARRAY_BYTES = 2**28
"""Most bytes of an array in a .npz, unpacked."""
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF")


class AnswerError(ValueError):
    """One gold or predicted answer that cannot be read; the message completes "the prediction ..."."""


def _opened(content: bytes) -> Any:
    image = require("PIL.Image", "evaluate")
    try:
        opened = image.open(io.BytesIO(content), formats=FORMATS)
        if opened.width * opened.height > MAX_PIXELS:
            raise AnswerError(
                f"is an image of {opened.width} x {opened.height}; at most {MAX_PIXELS:,} pixels are read"
            )
        opened.load()
    except AnswerError:
        raise
    except Exception as error:  # a stranger's image may make its decoder raise anything
        raise AnswerError(f"is no image that can be read ({', '.join(FORMATS)})") from error
    return opened


def _of_modes(content: bytes, modes: tuple[str, ...], as_mode: str, wanted: str) -> NDArray[np.uint8]:
    image = _opened(content)
    if image.mode not in modes:
        raise AnswerError(f"is an image of mode {image.mode}, not {wanted}")
    return np.asarray(image.convert(as_mode))


def colours(content: bytes) -> NDArray[np.uint8]:
    """uint8 (height, width, 3) of an 8-bit image; grey ones and palettes become RGB."""
    return _of_modes(content, ("RGB", "L", "P", "1"), "RGB", "8-bit RGB or grey without transparency")


def grey(content: bytes) -> NDArray[np.uint8]:
    """uint8 (height, width) of a grey 8-bit image, or one of three equal channels."""
    image = _opened(content)
    if image.mode == "RGB":
        channels = np.asarray(image)
        if (channels == channels[..., :1]).all():
            return np.ascontiguousarray(channels[..., 0])
    if image.mode not in ("L", "1"):
        raise AnswerError(f"is an image of mode {image.mode}, not a grey one of 8 bit")
    return np.asarray(image.convert("L"))


def labels(content: bytes) -> NDArray[np.int64]:
    """int64 (height, width): the numbers that a grey or palette image holds, one a pixel."""
    image = _opened(content)
    if image.mode not in ("L", "P", "1", "I", "I;16"):
        raise AnswerError(f"is an image of mode {image.mode}, not a map of class numbers (grey or palette)")
    return np.asarray(image).astype(np.int64)


def array(name: str, content: bytes) -> NDArray[np.float64]:
    """float64 of a .npy, a .npz with one array, or a grey image (16-bit too)."""
    ending = name.rpartition(".")[2].lower()
    if ending in ("png", "tif", "tiff"):
        return labels(content).astype(np.float64)
    if ending not in ("npy", "npz"):
        raise AnswerError("is no array that can be read (.npy, .npz, .png, .tif)")
    try:
        if ending == "npz":
            content = _only_member(content)
        read: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    except AnswerError:
        raise
    except Exception as error:  # a stranger's header is parsed as Python, and may raise anything
        raise AnswerError(f"is a .{ending} that cannot be read") from error
    if read.dtype.kind not in "iufb":
        raise AnswerError(f"is an array of {read.dtype}, not of numbers")
    if read.size > MAX_PIXELS:
        raise AnswerError(f"is an array of {read.size:,} numbers; at most {MAX_PIXELS:,} are read")
    return np.asarray(read, dtype=np.float64)


def _only_member(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) != 1:
            raise AnswerError(f"is a .npz with {len(members)} arrays; it must hold one")
        with archive.open(members[0]) as member:
            read = member.read(MAX_ARRAY_BYTES + 1)
    if len(read) > MAX_ARRAY_BYTES:
        raise AnswerError(f"is a .npz of more than {MAX_ARRAY_BYTES:,} bytes unpacked")
    return read


def flow(name: str, content: bytes) -> NDArray[np.float64]:
    """float64 (height, width, 2) of a Middlebury .flo, or of an array of that shape."""
    if not name.lower().endswith(".flo"):
        return array(name, content)
    if len(content) < 12 or content[:4] != b"PIEH":
        raise AnswerError("is no Middlebury .flo")
    width, height = struct.unpack_from("<2i", content, 4)
    if width < 1 or height < 1 or len(content) != 12 + 8 * width * height:
        raise AnswerError(f"is a .flo of {len(content)} bytes, which {width} x {height} does not fit")
    return np.frombuffer(content[12:], dtype="<f4").reshape(height, width, 2).astype(np.float64)


def points(name: str, content: bytes) -> NDArray[np.float64]:
    """float64 (n, 3) of an array, or of a text with three numbers a line (.xyz, .txt)."""
    if not name.lower().endswith((".xyz", ".txt")):
        return array(name, content)
    try:
        return np.array(
            [[float(part) for part in line.split()] for line in content.decode().splitlines() if line.strip()]
        )
    except ValueError as error:
        raise AnswerError("is no text with three numbers a line") from error


Reader = Callable[[str, bytes], NDArray[np.float64]]
