"""Options in a source's name: `PATH?key=value,key=value`."""

from collections.abc import Mapping, Sequence


def split_options(
    where: str, rest: str, possible: Mapping[str, Sequence[str]]
) -> tuple[str, dict[str, str]]:
    """Splits what follows the scheme of a name into a path and options.

    Args:
        where: the whole name, for errors.
        rest: `PATH` or `PATH?key=value,key=value`.
        possible: the values that each option may have, its default first; none at all where any text will do, which
            is then empty by default.

    Returns:
        The path, and a value for each option of `possible`.

    Raises:
        ValueError: an option is unknown, given twice, or has another value.
    """
    path, question_mark, text = rest.partition("?")
    options: dict[str, str] = {}
    for option in text.split(",") if question_mark else ():
        key, _, value = option.partition("=")
        if key not in possible or key in options or not _is_possible(value, possible[key]):
            raise ValueError(
                f"{where}: {option!r} is no option of it, or a second one; "
                f"need PATH?{_form(possible)}, any of them, separated by commas."
            )
        options[key] = value
    defaults = {key: values[0] if values else "" for key, values in possible.items()}
    return path, {**defaults, **options}


def _is_possible(value: str, values: Sequence[str]) -> bool:
    return value in values if values else value != ""


def _form(possible: Mapping[str, Sequence[str]]) -> str:
    """What may be written, such as `a=one|two,b=TEXT`."""
    return ",".join(f"{key}={'|'.join(values) or 'TEXT'}" for key, values in possible.items())
