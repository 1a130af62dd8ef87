"""The command `braincl`: `braincl run`, `compare`, `gather`, `recall` and `show`."""

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import NamedTuple, NoReturn

from experiments import entry


class Command(NamedTuple):
    """What `braincl NAME` runs.

    Attributes:
        module: whose `main` it is. Only this one is imported: several define flags of the same names.
        does: what for, in a line.
    """

    module: str
    does: str


COMMANDS = {
    "run": Command("experiments.launch", "learn a sequence of tasks; the same command goes on"),
    "compare": Command("experiments.compare", "run methods or variants with several seeds"),
    "gather": Command("experiments.gather", "put finished runs side by side, as compare does"),
    "recall": Command("experiments.recall", "draw what the memory of a finished run recalls"),
    "show": Command("experiments.show", "print runs, finished or not"),
}
HELP = """Class-incremental learning with a semi-parametric memory, in wake and sleep phases.

usage: braincl COMMAND [--flag=value ...]

{commands}

examples
  braincl run --dry_run                                 what a run would take; seconds, nothing is trained
  braincl run                                           quickstart: 5 tasks of Fashion-MNIST, embedded
  braincl run --config.method=replay_raw --config.seed=1        any setting is a flag
  braincl run --config=smoke --workdir=runs/try         a packaged config by its name, or a file of yours
  braincl compare --variant=braincl --variant=joint --seeds=0,1,2
  braincl gather runs/quickstart-*                      runs that were launched one by one, on one page
  braincl show runs/quickstart-braincl-seed0            where it is, or what came out
  braincl recall runs/quickstart-braincl-seed0 --slots=0-11

braincl COMMAND --help    its flags; of run and compare also all settings, parts and packaged configs
--verbosity=1             where an error comes from, and more of what libraries say
exit codes                0 done, 1 a run of a comparison failed, 2 an error of the user's, 75 interrupted and saved,
                          130 interrupted before there was anything to save
"""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs the command that `argv`, by default that of the process, names; ends the process."""
    name, *arguments = sys.argv if argv is None else argv
    if not arguments or arguments[0] in entry.HELP or arguments[0] == "help":
        print(overview())
        sys.exit(0)
    if arguments[0] == "--version":
        print(f"braincl {metadata.version('braincl_jax')}")
        sys.exit(0)
    # As with `python -m`, so that plugins may lie there; behind what is installed, which they must not hide.
    sys.path.append(os.getcwd())
    with entry.errors_in_one_line():
        module = importlib.import_module(find(arguments[0]).module)
    entry.run(module.main, [f"{name} {arguments[0]}", *arguments[1:]])


def overview() -> str:
    """What `braincl --help` prints."""
    lines = [f"  {name:<9} {command.does}" for name, command in COMMANDS.items()]
    return HELP.format(commands="\n".join(["commands", *lines]))


def find(name: str) -> Command:
    """The command of a name.

    Raises:
        ValueError: there is none.
    """
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean {close[0]}?" if close else "."
        raise ValueError(f"there is no command {name!r}{hint} Commands: {', '.join(COMMANDS)}")
    return COMMANDS[name]


if __name__ == "__main__":
    main()
