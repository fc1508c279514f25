"""Metrics: how a raw value maps to the 100-point scale (docs/spec.md section 2, paper Appendix)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from glevel_fast.core import tool_names
from glevel_fast.errors import UnknownMetricError
from glevel_fast.text import fold_label, nearest, shown

__all__ = ["Metric", "find_metric", "known_metrics", "register_metric"]

Family = Literal["linear", "inverse", "tanh"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its mapping from a value z (raw times scale) to 0..100 points, and its domain.

    Attributes
    ----------
    name : str
        Canonical name.
    family : {"linear", "inverse", "tanh"}
        linear:  100 (z - worst) / (best - worst), held within 0..100;
        inverse: 100 tanh(constant / (2 z)) = 100 (2 sigmoid(constant / z) - 1), lower is better;
        tanh:    100 tanh(z / constant), higher is better.
    worst, best : float
        The z that map to 0 and to 100 points (linear only, NaN otherwise).
    constant : float
        The constant of inverse and tanh (NaN for linear).
    low, high : float
        Domain of z, both ends included; `inverse` leaves out z = 0.
    aliases : tuple of str
        Other spellings. Names meet case-blind, with white space folded, a trailing bracket and arrows
        dropped, and hyphens, underscores and blanks alike, so these need no alias.

    Source: docs/spec.md section 2.
    """

    name: str
    family: Family
    worst: float = math.nan
    best: float = math.nan
    constant: float = math.nan
    low: float = 0.0
    high: float = math.inf
    aliases: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        """A number that the family lacks is NaN, and equals the other's."""
        if not isinstance(other, Metric):
            return NotImplemented
        return (self.to_dict(), self.aliases) == (other.to_dict(), other.aliases)

    def __hash__(self) -> int:
        return hash((self.name, self.family, self.aliases))

    def to_dict(self) -> dict[str, Any]:
        """The definition as plain data for JSON; None for what is NaN, and for a domain without an end.

        Returns
        -------
        dict
            Plain data: name, family, worst, best, constant, low, high.
        """
        fields = {name: getattr(self, name) for name in ("name", "family", "worst", "best", "constant", "low", "high")}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Metric:
        """What `to_dict` gave.

        Parameters
        ----------
        fields : dict
            What `to_dict` gave.

        Returns
        -------
        Metric

        Raises
        ------
        ValueError, TypeError, KeyError
            Fields that are missing or define no metric.
        """
        nan = dict.fromkeys(("worst", "best", "constant"), math.nan)
        defaults = nan | {"low": -math.inf, "high": math.inf}
        worst, best, constant, low, high = (
            default if fields[name] is None else float(fields[name]) for name, default in defaults.items()
        )
        return cls(fields["name"], fields["family"], worst, best, constant, low, high)

    def __post_init__(self) -> None:
        def fail(what: str) -> None:
            raise ValueError(f"metric {self.name!r}: {what}")

        if not isinstance(self.name, str) or not fold_label(self.name):
            raise ValueError("a metric needs a name")
        if self.family == "linear":
            if not (math.isfinite(self.worst) and math.isfinite(self.best)):
                fail("a linear metric needs finite `worst` and `best`")
            if self.worst == self.best or not math.isfinite(100.0 / (self.best - self.worst)):
                fail("`worst` and `best` must differ")
        elif self.family in ("inverse", "tanh"):
            if not (math.isfinite(self.constant) and 1e-9 <= self.constant <= 1e9):
                fail("`constant` must lie within 1e-9..1e9")
            if self.low < 0:
                fail(f"the domain of a metric of the {self.family} family starts at 0 or above")
        else:
            fail(f"unknown family {self.family!r}: use 'linear', 'inverse' or 'tanh'")
        if math.isnan(self.low) or math.isnan(self.high) or not self.low < self.high:
            fail("the domain needs low < high")

    @property
    def better(self) -> Literal["higher", "lower"]:
        """Which direction of z is better."""
        if self.family == "linear":
            return "higher" if self.best > self.worst else "lower"
        return "lower" if self.family == "inverse" else "higher"

    @property
    def is_percent(self) -> bool:
        """Whether z is a percentage that maps to itself (Acc, F1, mIoU, ...)."""
        linear = self.family == "linear" and self.worst == 0.0 and self.best == 100.0
        return linear and self.low == 0.0 and self.high == 100.0

    @property
    def is_percent_like(self) -> bool:
        """Whether z is a percentage that maps to itself up to 100, and may be more (CIDEr)."""
        return self.family == "linear" and (self.worst, self.best, self.low) == (0.0, 100.0, 0.0)

    @property
    def lowest(self) -> float:
        """The smallest double inside the domain (`inverse` leaves out 0)."""
        return math.ulp(0.0) if self.family == "inverse" and self.low == 0.0 else self.low

    @property
    def highest(self) -> float:
        """The largest finite double inside the domain."""
        return min(self.high, math.nextafter(math.inf, 0.0))

    @property
    def domain(self) -> str:
        """The domain as text: "[0, 100]", "z > 0", "z >= 0"."""
        if math.isinf(self.high):
            return f"z {'>' if self.lowest > self.low else '>='} {self.low:g}"
        return f"{'(' if self.lowest > self.low else '['}{self.low:g}, {self.high:g}]"

    @property
    def formula(self) -> str:
        """The mapping as text, in points."""
        if self.family == "inverse":
            return f"100·(2·sigmoid({self.constant:g}/z) - 1)"
        if self.family == "tanh":
            return f"100·tanh(z/{self.constant:g})"
        slope = 100.0 / (self.best - self.worst)
        if self.best < self.worst:
            body = f"{-slope:g}·({self.worst:g} - z)"
        elif self.worst == 0.0:
            body = "z" if slope == 1.0 else f"{slope:g}·z"
        else:
            sign = "+" if self.worst < 0 else "-"
            body = f"{slope:g}·(z {sign} {abs(self.worst):g})"
        if self.low < min(self.worst, self.best):
            body = f"max(0, {body})" if self.best > self.worst else f"min(100, {body})"
        if self.high > max(self.worst, self.best):
            body = f"min(100, {body})" if self.best > self.worst else f"max(0, {body})"
        return body


_MARKS = re.compile(r"^[\s↑↓⬆⬇▲▼△▽\ufe0f]+|[\s↑↓⬆⬇▲▼△▽\ufe0f%.]+$")
_registry: dict[str, Metric] = {}


def find_metric(name: str) -> Metric:
    """The metric that `name` or one of its spellings means.

    Raises
    ------
    UnknownMetricError
        With the nearest known names.
    """
    metric = known_metric(name)
    if metric is None:
        raise UnknownMetricError(
            f"unknown metric {shown(name)}{nearest(str(name), (m.name for m in known_metrics()))}; "
            "`glevel metrics` lists them all; gl.register_metric adds one, and a table of them --metrics FILE"
        )
    return metric


def known_metric(name: object) -> Metric | None:
    """As `find_metric`, None where there is no such metric."""
    if not isinstance(name, str) or len(name) > 1000:
        return None
    if (metric := _registry.get(fold_label(name))) is not None:
        return metric
    bare = _bare(name)
    if (metric := _registry.get(bare)) is not None:
        return metric
    squeezed = _squeezed(bare)
    found = {metric for spelling, metric in _registry.items() if _squeezed(spelling) == squeezed}
    return found.pop() if len(found) == 1 and squeezed else None


def _bare(name: str) -> str:
    """A name without the marks that tables put around it: arrows of direction, percent signs, brackets, full stops."""
    while True:
        bare = fold_label(_MARKS.sub("", name))
        if bare == name:
            return bare
        name = bare


def _squeezed(name: str) -> str:
    """A name without hyphens, underscores and blanks: "MS_SSIM", "ms-ssim" and "MS SSIM" are one."""
    return re.sub(r"[-_\s]", "", name).casefold()


def known_metrics() -> tuple[Metric, ...]:
    """Every known metric once, in order of registration.

    Returns
    -------
    tuple of Metric
    """
    return tuple(dict.fromkeys(_registry.values()))


def register_metric(metric: Metric, *, replace: bool = False) -> Metric:
    """Make `metric` known under its name and aliases, for benchmarks made from then on.

    Parameters
    ----------
    metric : Metric
        For example ``gl.Metric("LPIPS", "inverse", constant=0.5)``.
    replace : bool
        Take over a name that another metric holds; without it that is a `ValueError`.
        Registering an equal metric again is always fine.

    Returns
    -------
    Metric
        The metric, as given.
    """
    spellings = [fold_label(name) for name in (metric.name, *metric.aliases)]
    for spelling in spellings:
        holder = _registry.get(spelling)
        if holder is not None and holder != metric and not replace:
            raise ValueError(
                f"{spelling!r} already names the metric {holder.name!r}; pass replace=True to take it over"
            )
    _registry.update(dict.fromkeys(spellings, metric))
    return metric


def _register_known() -> None:
    inverse = {
        50.0: ("MAE", "RMS"),
        5.0: ("MSE", "RMSE", "MCD"),
        0.1: ("absRel",),
        1.0: ("EPE", "CD"),
        25.0: ("FID",),
        100.0: ("FVD",),
        10.0: ("FAD", "SAD"),
        0.5: ("RTE",),
    }
    for constant, names in inverse.items():
        for name in names:
            register_metric(Metric(name, "inverse", constant=constant))
    register_metric(Metric("PSNR", "tanh", constant=20.0))
    register_metric(Metric("WER", "linear", worst=1.0, best=0.0))
    register_metric(Metric("MS-SSIM", "linear", worst=-1.0, best=1.0, low=-1.0, high=1.0, aliases=("SSIM",)))
    register_metric(Metric("MOS", "linear", worst=1.0, best=5.0, low=1.0, high=5.0))
    register_metric(Metric("CIDEr", "linear", worst=0.0, best=100.0))
    aliases = {
        "Acc": ("Accuracy", "acc_norm", "Top-1", "Top-1 Accuracy", "Top-1 Acc"),
        "EM@1": ("exact_match",),
        "mIoU": ("IoU",),
        "mAP@50": ("mAP@0.5", "mAP50", "mAP@.5"),
        "L1 distance": ("L1-Dis",),
        "Successful rate": ("Suc-Rate",),
        "User preference rates": ("UPR",),
        "Optical Flow Score": ("OFS",),
        "Aesthetic score": ("Aesth-Score",),
        "BLEU-1": ("BLUE_1",),
        "BLEU-4": ("BLEU@4", "BLEU"),
        "Frame-Acc": ("Fram-Acc",),
        "F1": ("F1 Score",),
        "ROUGE-L": ("Rouge-L f", "ROUGE"),
        "CLIPScore": ("CLIP score",),
        "MUSIQ": ("MUSIQ score",),
    }
    percent = """Acc; Macro-Acc; E-Acc; Frame-Acc; F1; Micro-F1; F-score; BLEU-1; BLEU-4; BLEU-4 & SPICE;
        ROUGE-1; ROUGE-L; CodeBLEU; EM@1; GPT-Score; ANLS; mIoU; Instance mIoU; m_vIoU; AP; AP10; AP50; AP60;
        AP70; AP75; AP80; AP90; mAP; mAP@50; AMOTA; DICE; PQ; R@50; AUC; PCC; Structure measure; CLIPScore; CLIP
        img score; CLIP-Style; CLAP; Style-CLAP; DINOScore; MUSIQ; Aesthetic score; Optical Flow Score; L1
        distance; Successful rate; Single-Object Successful Rate; Multi-Object Successful Rate; User preference
        rates; DINO+ViCLIP+Optical flow+Motion Smooth; Percent"""
    for name in (" ".join(part.split()) for part in percent.split(";")):
        register_metric(Metric(name, "linear", 0.0, 100.0, high=100.0, aliases=aliases.get(name, ())))


_register_known()


def _register_names_of_tools() -> None:
    """Nothing that General-Bench names is renamed: a name that is taken stays as it is."""
    for name, others in tool_names.NAMES.items():
        metric = _registry[fold_label(name)]
        fresh = tuple(other for other in others if fold_label(other) not in _registry)
        named = replace(metric, aliases=metric.aliases + fresh)
        _registry.update({key: named for key, held in _registry.items() if held is metric})
        _registry.update(dict.fromkeys(map(fold_label, fresh), named))
    for name, others in tool_names.PERCENTS.items():
        register_metric(Metric(name, "linear", 0.0, 100.0, high=100.0, aliases=others))
    for name, others in tool_names.CORRELATIONS.items():
        register_metric(Metric(name, "linear", 0.0, 1.0, low=-1.0, high=1.0, aliases=others))
    others = ("ppl", "word_perplexity", "byte_perplexity", "token_perplexity")
    register_metric(Metric("Perplexity", "inverse", constant=10.0, low=1.0, aliases=others))


_register_names_of_tools()
