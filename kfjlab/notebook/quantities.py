"""Kubernetes quantities and durations, exactly."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
# <signedNumber><suffix> of k8s.io/apimachinery/pkg/api/resource/quantity.go: "1E" is one exa, "1E3" a
# thousand.
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]+)|([KMGTPE]i|[numkMGTPE])?)")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)\s*")
_SECONDS = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}


def parse_quantity(value: object) -> Fraction:
    """The exact value of a Kubernetes quantity (``4Gi``, ``500m``, ``1.5``, ``1e3``, or a plain number).

    Raises :class:`ValueError` that says what is wrong. The suffixes are those of the Kubernetes API: ``Ki Mi
    Gi Ti Pi Ei`` (powers of 1024), ``n u m k M G T P E`` (powers of 1000) and a decimal exponent.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{value!r} is not a quantity; write a number or text such as '4Gi'")
    text = repr(value) if isinstance(value, float) else str(value)
    match = _QUANTITY.fullmatch(text) if len(text) <= 64 else None
    if match is None:
        raise ValueError(f"{value!r} is not a quantity; write for example '2', '500m', '512Mi' or '4Gi'")
    number, exponent, suffix = match.groups()
    power = int(exponent[1:]) if exponent else _DECIMAL.get(suffix or "", 0)
    if abs(power) > 30:
        raise ValueError(f"{value!r} is out of range")
    exact = Fraction(number) * Fraction(10) ** power
    return exact * 1024 ** _BINARY[suffix] if suffix in _BINARY else exact


def parse_cores(value: object) -> float:
    """CPU cores of a quantity such as ``2``, ``0.5`` or ``500m``; above zero, else :class:`ValueError`."""
    cores = parse_quantity(value)
    if cores <= 0:
        raise ValueError(f"{value!r} is not above zero")
    return float(cores)


def parse_bytes(value: object) -> int:
    """Bytes of a quantity such as ``4Gi`` (rounded up, as Kubernetes does); above zero, else
    :class:`ValueError`.
    """
    count = math.ceil(parse_quantity(value))
    if count <= 0:
        raise ValueError(f"{value!r} is not above zero")
    return count


def parse_count(value: object) -> int:
    """A whole number of devices, zero or more; else :class:`ValueError`."""
    count = parse_quantity(value)
    if count < 0 or count.denominator != 1:
        raise ValueError(f"{value!r} is not a whole number of devices")
    return int(count)


def parse_seconds(value: object) -> float:
    """Seconds of a number or of a text such as ``90``, ``90s``, ``10m``, ``1h30m``, ``2d``, ``500ms``; else
    :class:`ValueError`.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{value!r} is not a time; write seconds, or text such as '10m'")
    if isinstance(value, str):
        text = value.strip()
        parts = list(_DURATION_PART.finditer(text))
        if parts and "".join(p.group() for p in parts) == text:
            return float(sum(Fraction(p.group(1)) * _SECONDS[p.group(2)] for p in parts))
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            raise ValueError(
                f"{value!r} is not a time; write seconds, or text such as '90s', '10m' or '1h30m'"
            )
        return float(text)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{value!r} is not a time of zero or more seconds")
    return float(value)
