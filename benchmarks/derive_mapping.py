"""Derive the constants of cpp/mapping_constants.hpp, and check that the header holds these.

python benchmarks/derive_mapping.py
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import mpmath as mp

HEADER = Path(__file__).resolve().parents[1] / "cpp" / "mapping_constants.hpp"
UNIT = 2.0**-64


def derive() -> dict[str, list[float]]:
    """Every constant of the header by name; series from the power 0 upwards. Each is the double nearest to it."""
    with mp.workprec(240):
        ln2 = mp.log(2)
        # With the low 21 bits of ln 2 cut off, k * ln2_high is exact for |k| < 2^20.
        exponent = math.frexp(float(ln2))[1]
        ln2_high = float(mp.ldexp(mp.floor(mp.ldexp(ln2, 32 - exponent)), exponent - 32))
        w_switch = 4.0 / 3.0
        return {
            "unit": [UNIT],
            "w_switch": [w_switch],
            "y_switch": [float(100 * mp.tanh(1 / mp.mpf(w_switch)))],
            "log2_e": [float(1 / ln2)],
            "ln2_high": [ln2_high],
            "ln2_low": [float(ln2 - mp.mpf(ln2_high))],
            "exp_series": _fit(_exp_rest, 0, ln2 + mp.mpf(2) ** -30, 10),
            "coth_series": _fit(_coth_rest, 0, mp.mpf("2.26"), 9),
        }


def _exp_rest(r: mp.mpf) -> mp.mpf:
    """(e^r - 1 - r) / r^2"""
    return (mp.expm1(r) - r) / r**2 if r else mp.mpf(1) / 2


def _coth_rest(t: mp.mpf) -> mp.mpf:
    """(coth(x/2) - 2/x) / x for t = x^2"""
    if t <= mp.mpf(10) ** -30:
        return mp.mpf(1) / 6
    x = mp.sqrt(t)
    return (mp.coth(x / 2) - 2 / x) / x


def _fit(function: object, low: object, high: object, terms: int) -> list[float]:
    """Chebyshev's fit on [low, high]."""
    return [float(c) for c in reversed(mp.chebyfit(function, [mp.mpf(low), mp.mpf(high)], terms))]


def in_header() -> dict[str, list[float]]:
    """The constants as the header has them."""
    text = re.sub(r"//.*", "", HEADER.read_text(encoding="utf-8"))
    found = re.findall(r"constexpr double (\w+)(?:\[\])? = \{?([^;}]*)\}?;", text)
    return {name: [float.fromhex(number) for number in re.findall(r"-?0x[\w.+-]+", body)] for name, body in found}


def differences() -> list[str]:
    """What differs between the header and the derivation."""
    derived, header = derive(), in_header()
    names = sorted(derived.keys() | header.keys())

    def shown(values: dict[str, list[float]], name: str) -> str:
        return ", ".join(value.hex() for value in values.get(name, [])) or "nothing"

    return [
        f"{name}: derived {shown(derived, name)}; the header has {shown(header, name)}"
        for name in names
        if derived.get(name) != header.get(name)
    ]


if __name__ == "__main__":
    for name, values in derive().items():
        print(name, ", ".join(value.hex() for value in values))
    sys.exit("\n".join(differences()))
