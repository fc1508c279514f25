"""Metrics of images and arrays. All compute in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.extras import require

__all__ = [
    "MS_SSIM_SIDE",
    "PSNR_CAP",
    "absolute_relative",
    "affine",
    "chamfer",
    "end_point_error",
    "ms_ssim",
    "psnr",
    "structure",
]

Floats = NDArray[np.float64]
PSNR_CAP = 100.0
"""dB of equal images, whose PSNR has no bound."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_SIDE = 176
"""The least side of an image: the window's 11 pixels at the fifth scale."""


def psnr(predicted: NDArray[np.uint8], gold: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and channels, peak 255; at most `PSNR_CAP`.

    Parameters
    ----------
    predicted, gold : uint8 (height, width, channels)
    """
    off = predicted.astype(np.int32) - gold
    total = int((off * off).sum(dtype=np.int64))
    return min(PSNR_CAP, 10 * math.log10(255**2 * off.size / total)) if total else PSNR_CAP


def ms_ssim(predicted: NDArray[np.uint8], gold: NDArray[np.uint8]) -> float:
    """Multi-scale structural similarity over five scales, the mean of the channels.

    Each scale halves the image by means of 2 x 2; a negative contrast term counts as 0.

    Parameters
    ----------
    predicted, gold : uint8 (height, width, channels), sides of at least `MS_SSIM_SIDE`

    Source: Wang, Simoncelli, Bovik, "Multi-scale structural similarity", 2003.
    """
    halve = require("scipy.ndimage", "evaluate").uniform_filter
    channels = []
    for c in range(gold.shape[2]):
        x, y = predicted[..., c].astype(np.float64), gold[..., c].astype(np.float64)
        value = 1.0
        for scale, weight in enumerate(WEIGHTS):
            if scale:
                x, y = (halve(image, 2, origin=-1)[::2, ::2] for image in (x, y))
            whole, contrast = similarity(x, y)
            value *= max(0.0, whole if scale == len(WEIGHTS) - 1 else contrast) ** weight
        channels.append(value)
    return math.fsum(channels) / len(channels)


def similarity(x: Floats, y: Floats) -> tuple[float, float]:
    """SSIM and its contrast-structure part: means over all places of an 11 x 11 Gaussian window, sigma 1.5, peak 255.

    Parameters
    ----------
    x, y : float64 (height, width)
    """
    along = require("scipy.ndimage", "evaluate").correlate1d
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def mean(image: Floats) -> Any:
        return along(along(image, taps, axis=0)[5:-5], taps, axis=1)[:, 5:-5]

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = mean(x), mean(y)
    xx, yy, xy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    contrast = (2 * xy + c2) / (xx + yy + c2)
    whole = (2 * mx * my + c1) / (mx * mx + my * my + c1) * contrast
    return float(whole.mean()), float(contrast.mean())


def structure(predicted: NDArray[np.uint8], gold: NDArray[np.bool_]) -> float:
    """Structure measure of a grey map beside a binary one: half objects, half regions, a share.

    Parameters
    ----------
    predicted : uint8 (height, width)
        Stretched to [0, 1] from its own minimum to its own maximum.
    gold : bool (height, width)

    Source: Fan et al., "Structure-measure", 2017.
    """
    x = predicted.astype(np.float64)
    low, high = x.min(), x.max()
    x = (x - low) / (high - low) if high > low else x / 255
    share = float(gold.mean())
    if share in (0.0, 1.0):
        return float(x.mean() if share else 1 - x.mean())
    objects = share * _object(x[gold]) + (1 - share) * _object(1 - x[~gold])
    rows, columns = (int(np.round(np.mean(at))) + 1 for at in np.nonzero(gold))
    regions = [
        (part.size / gold.size, _region(part, gold[of])) for of in _quarters(rows, columns) if (part := x[of]).size
    ]
    return max(0.0, 0.5 * objects + 0.5 * math.fsum(weight * value for weight, value in regions))


def _quarters(rows: int, columns: int) -> list[tuple[slice, slice]]:
    return [(r, c) for r in (slice(rows), slice(rows, None)) for c in (slice(columns), slice(columns, None))]


def _object(x: Floats) -> float:
    mean = float(x.mean())
    return 2 * mean / (mean * mean + 1 + (float(x.std(ddof=1)) if x.size > 1 else 0.0))


def _region(x: Floats, gold: NDArray[np.bool_]) -> float:
    mx, my = float(x.mean()), float(gold.mean())
    off, gold_off = x - mx, gold - my
    free = max(x.size - 1, 1)
    xx, yy, xy = ((a * b).sum() / free for a, b in ((off, off), (gold_off, gold_off), (off, gold_off)))
    above, below = 4 * mx * my * xy, (mx * mx + my * my) * (xx + yy)
    if above == 0:
        return float(below == 0)
    return float(above / below)


def absolute_relative(predicted: Floats, gold: Floats) -> tuple[float, int]:
    """Mean of |predicted - gold| / gold over the places where gold is finite and above 0, and how many these are."""
    valid = np.isfinite(gold) & (gold > 0)
    n = int(valid.sum())
    return (float(np.mean(np.abs(predicted[valid] - gold[valid]) / gold[valid])) if n else math.nan), n


def affine(predicted: Floats, gold: Floats) -> Floats:
    """`predicted`, scaled and shifted to fit `gold` by least squares over the places where that is above 0."""
    valid = np.isfinite(gold) & (gold > 0)
    if not valid.any():
        return predicted
    x, y = predicted[valid], gold[valid]
    off = x - x.mean()
    spread = float((off * off).sum())
    scale = float((off * (y - y.mean())).sum()) / spread if spread else 0.0
    fitted: Floats = scale * predicted + (y.mean() - scale * x.mean())
    return fitted


def end_point_error(predicted: Floats, gold: Floats) -> tuple[float, int]:
    """Mean length of the difference of two flows over the known places, and how many these are.

    Parameters
    ----------
    predicted, gold : float64 (height, width, 2), pixels
        A place whose gold is not finite or above 1e9 is unknown (Middlebury).
    """
    known = (np.abs(gold) <= 1e9).all(axis=-1)
    off = predicted[known] - gold[known]
    return (float(np.mean(np.hypot(off[:, 0], off[:, 1]))) if len(off) else math.nan), len(off)


def chamfer(predicted: Floats, gold: Floats, *, squared: bool) -> float:
    """Chamfer distance: the mean (squared) distance to the nearest point of the other set, both ways, added.

    Parameters
    ----------
    predicted, gold : float64 (n, 3) and (m, 3)
    """
    tree = require("scipy.spatial", "evaluate").cKDTree
    there, back = tree(gold).query(predicted)[0], tree(predicted).query(gold)[0]
    return float(np.mean(there * there) + np.mean(back * back) if squared else np.mean(there) + np.mean(back))
