"""Quantities in words."""


def duration(seconds: float) -> str:
    """Time as a person would say it: "45 s", "1 min 30 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
