"""Prints runs, finished or not: `braincl show WORKDIR [WORKDIR ...]`.

Settings that are not the defaults, where the run is, accuracy so far, the bill of its memory, figures and files.
Nothing is changed. A folder that cannot be read is a line of error, and the others are printed all the same.
"""

from pathlib import Path

from braincl_jax.report.status import format_status
from braincl_jax.runtime.status import read_status
from experiments import entry


def main(argv: list[str]) -> int:
    if len(argv) < 2:
        raise ValueError("name the folders of runs, as in `braincl show runs/*`")
    code = 0
    for number, workdir in enumerate(map(Path, argv[1:])):
        try:
            text = format_status(read_status(workdir))
        except Exception as error:
            if not entry.tell(error):
                raise
            code = entry.EXIT_ERROR
            continue
        print("\n\n" * bool(number) + text)
    return code


if __name__ == "__main__":
    entry.run(main)
