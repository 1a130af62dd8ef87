"""Quantities in words."""

import math


def duration(seconds: float) -> str:
    """Time as a person would say it: "45 s", "1 min 30 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def significant(value: float) -> str:
    """A number from 0 on with four significant digits or more, and no exponent: "0.05912", "1,234,567"."""
    decimals = 3 - math.floor(math.log10(value)) if value else 0
    return f"{value:,.{max(decimals, 0)}f}"


def teraflops(flops: float) -> str:
    """Floating-point operations, `significant`, in units of 10^12."""
    return significant(flops / 1e12)


def short(value: float) -> str:
    """A number in few letters, as axes need it: 0.5, 200, 50k, 2M, 1G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
