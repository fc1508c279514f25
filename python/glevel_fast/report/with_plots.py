"""Results with the plots they lead to: each is the result of a room below, and `plot`."""

from __future__ import annotations

from typing import Any, TypeVar

from glevel_fast.report import plots as _plots
from glevel_fast.report import rank_plots as _rank_plots
from glevel_fast.trust import receipts as _receipts
from glevel_fast.uncertainty import ablation as _ablation
from glevel_fast.uncertainty import bootstrap as _bootstrap
from glevel_fast.uncertainty import what_if as _what_if

__all__ = ["Ablation", "Bootstrap", "Receipt", "WhatIf", "with_plots"]

Kind = TypeVar("Kind")


def with_plots(kind: type[Kind], found: Any) -> Kind:
    """The same result as the class that has the plots; nothing is copied."""
    whole = object.__new__(kind)
    whole.__dict__.update(found.__dict__)
    return whole


class Ablation(_ablation.Ablation):
    __doc__ = _ablation.Ablation.__doc__

    @property
    def plot(self) -> _rank_plots.AblationPlots:
        """Plots (extra `plots`): `ranks`, `pivots`."""
        return _rank_plots.AblationPlots(self)


class Bootstrap(_bootstrap.Bootstrap):
    __doc__ = _bootstrap.Bootstrap.__doc__

    @property
    def plot(self) -> _rank_plots.BootstrapPlots:
        """Plots (extra `plots`): `ranks`."""
        return _rank_plots.BootstrapPlots(self)


class Receipt(_receipts.Receipt):
    __doc__ = _receipts.Receipt.__doc__

    @property
    def plot(self) -> _plots.ReceiptPlots:
        """Plots (extra `plots`): `waterfall`."""
        return _plots.ReceiptPlots(self)


class WhatIf(_what_if.WhatIf):
    __doc__ = _what_if.WhatIf.__doc__

    @property
    def plot(self) -> _rank_plots.WhatIfPlots:
        """Plots (extra `plots`): `ranks`."""
        return _rank_plots.WhatIfPlots(self)
