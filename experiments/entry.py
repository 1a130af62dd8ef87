"""Where a command meets its user: flags, help, and errors in one line with exit code 2."""

import contextlib
import difflib
import errno
import functools
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from absl import app, flags, logging

from braincl_jax.config import Config
from braincl_jax.settings import describe, kind_in_words
from experiments.packaged import DEFAULT, ByName

EXIT_ERROR = 2
# What the shell expects of a process that ended by SIGINT.
EXIT_KEYBOARD = 130
HELP = ("--help", "-help", "-h", "--helpshort", "-?", "--?")
OVERRIDE = re.compile(r"--?config\.(?P<name>[^=]+)(=(?P<value>.*))?", re.DOTALL)
VERBOSE = re.compile(r"--?(verbosity|v)=[1-9]\d*")
OURS = ("braincl_jax", "experiments")
CURES = {
    errno.ENOSPC: "free some space: the same command then goes on from the newest checkpoint",
    errno.EDQUOT: "free some space: the same command then goes on from the newest checkpoint",
    errno.EFBIG: "raise the limit on file sizes: the same command then goes on",
    errno.EACCES: "choose a place that may be read and written, such as another --workdir",
    errno.EPERM: "choose a place that may be read and written, such as another --workdir",
    errno.EROFS: "choose a place that can be written, such as another --workdir",
    errno.ENOTDIR: "choose another folder, such as another --workdir",
}


def run(main: Callable[[list[str]], int | None], argv: Sequence[str] | None = None) -> NoReturn:
    """Runs a command to the end of the process.

    Args:
        main: gets the arguments that are no flags, after the name of the command; returns the exit code.
        argv: name and arguments; those of the process where None.
    """

    def quiet_main(argv: list[str]) -> int | None:
        if not flags.FLAGS["verbosity"].present:
            # What libraries tell of themselves is not for everyone.
            logging.set_verbosity(logging.WARNING)
        return main(argv)

    with errors_in_one_line():
        app.run(
            quiet_main,
            argv=sys.argv if argv is None else list(argv),
            flags_parser=functools.partial(parse, module=main.__module__),
        )
    sys.exit(0)


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Inside, an error of the user's ends the process: a line on stderr, and with `--verbosity=1` the traceback."""
    try:
        yield
    except KeyboardInterrupt:
        print("braincl: interrupted", file=sys.stderr, flush=True)
        sys.stdout.flush()
        # At once: XLA may be compiling in threads, and these crash where the interpreter is taken down around them.
        os._exit(EXIT_KEYBOARD)
    except Exception as error:
        if not tell(error):
            raise
        sys.exit(EXIT_ERROR)


def tell(error: Exception) -> bool:
    """Prints the line of an error of the user's; returns False, and prints nothing, for a fault of the program."""
    text = explain(error)
    if text is None:
        return False
    # Flags may not have been read yet.
    if any(VERBOSE.fullmatch(one) for one in sys.argv):
        traceback.print_exception(error)
    print(f"braincl: error: {text}", file=sys.stderr)
    return True


def explain(error: Exception) -> str | None:
    """What to tell the user of an error; None for a fault of the program, whose traceback is worth more."""
    # Here, since a command that ends well, or with its help, can do without them.
    import jax

    from braincl_jax.memory.block.integrity import CorruptMemoryError
    from braincl_jax.runtime.checkpoint import DamagedError
    from braincl_jax.runtime.divergence import DivergedError

    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        cure = CURES.get(error.errno or 0)
        return f"{error.strerror}{where}" + (f"; {cure}" if cure else "")
    if isinstance(error, MemoryError | jax.errors.JaxRuntimeError):
        if not (isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text):
            return None
        return (
            f"memory is exhausted ({text.partition(chr(10))[0] or 'MemoryError'}): raise sleep.accumulate, or lower "
            "sleep.batch_size, eval_batch_size, image_side or the network's width; --dry_run tells what a run takes"
        )
    if isinstance(error, flags.Error | DamagedError | CorruptMemoryError | DivergedError):
        return text
    if not isinstance(error, ValueError | OSError):
        return None
    frames = list(traceback.walk_tb(error.__traceback__))
    module = frames[-1][0].f_globals.get("__name__", "") if frames else ""
    if module.partition(".")[0] in (*OURS, "__main__"):
        return text
    # Libraries do not write for people who do not know that they are there.
    return f"{text} ({type(error).__name__} in {module or 'a library'}; --verbosity=1 shows where)"


def no_arguments(argv: Sequence[str]) -> None:
    """Raises ValueError if there is an argument that is no flag."""
    if len(argv) > 1:
        raise ValueError(
            f"unexpected arguments: {' '.join(argv[1:])}; settings are flags, as in --config.seed=1"
        )


def one_folder(argv: Sequence[str], flag: str | None) -> Path:
    """The run's folder that was named, as an argument or by `--workdir`.

    Raises:
        ValueError: none was, or more than one.
    """
    named = [*argv[1:], *([flag] if flag else [])]
    if len(named) != 1:
        given = f", not {len(named)}: {' '.join(named)}" if named else ""
        raise ValueError(f"name the folder of one run, as in `braincl recall WORKDIR`{given}")
    return Path(named[0])


def parse(argv: list[str], module: str) -> list[str]:
    """What `absl.app` calls in place of its own parser.

    Args:
        argv: name and arguments.
        module: the `__name__` of the module whose `main` runs.

    Returns:
        The name, and the arguments that are no flags.

    Raises:
        flags.Error, ValueError: an impossible flag; the message names it, and what is possible.
        SystemExit: help was asked for and has been printed.
    """
    own = argv[1 : argv.index("--")] if "--" in argv else argv[1:]
    if any(one in HELP for one in own):
        from experiments.help import command_help

        print(command_help(module, own))
        sys.exit(0)
    reads_config = "config" in flags.FLAGS and isinstance(flags.FLAGS["config"].parser, ByName)
    if reads_config:
        require_known(argv)
    try:
        if reads_config:
            flags.FLAGS.set_default("config", DEFAULT)
        return flags.FLAGS(argv)
    except flags.UnrecognizedFlagError as error:
        raise ValueError(_unknown_flag(error.flagname, module)) from None
    except flags.IllegalFlagValueError as error:
        raise illegal(str(error), own) from error
    except (flags.Error, OSError, ValueError):
        raise
    except Exception as error:  # of a config file, which is a program of the user's
        raise ValueError(
            f"the config file cannot be run: {type(error).__name__}: {error} (--verbosity=1 shows where)"
        ) from error


def require_known(arguments: Sequence[str]) -> None:
    """Raises ValueError for a `--config.KEY` that is no setting."""
    known = describe(Config)
    groups = dict.fromkeys(name.partition(".")[0] for name in known if "." in name)
    for name, value in _overrides(arguments):
        if name in known or name in groups or name.removeprefix("no") in known:
            continue
        close = difflib.get_close_matches(name, known, n=1)
        group = name.partition(".")[0]
        among = [one for one in known if group in groups and one.startswith(f"{group}.")]
        among = among or [one for one in known if "." not in one] + [f"{one}.*" for one in groups]
        hint = f"; did you mean {close[0]}?" if close else "."
        given = name if value is None else f"{name}={value}"
        raise ValueError(f"unknown setting {given}{hint} Known: {', '.join(among)}")


def _overrides(arguments: Sequence[str]) -> list[tuple[str, Any]]:
    """[(name, value)] of all `--config.NAME=VALUE`, `--config.NAME VALUE` and `--noconfig.NAME`."""
    found = [OVERRIDE.fullmatch(re.sub(r"^(--?)noconfig\.", r"\1config.", a)) for a in arguments]
    return [(one["name"], one["value"]) for one in found if one]


def _unknown_flag(name: str, module: str) -> str:
    if name.startswith("config."):
        return f"unknown flag --{name}: settings of all runs stand behind --, as in `-- --{name}=VALUE`"
    settings = describe(Config)
    own = [flag.name for flag in flags_of(module)]
    close = difflib.get_close_matches(name, own, n=1)
    inner = [one for one in settings if name in (one, one.rpartition(".")[2])]
    inner += difflib.get_close_matches(name, settings, n=1)
    guess = f"--{close[0]}" if close else f"--config.{inner[0]}" if inner else ""
    hint = f"; did you mean {guess}?" if guess else "."
    return f"unknown flag --{name}{hint} Known: {', '.join(f'--{one}' for one in own)}"


def illegal(message: str, arguments: Sequence[str]) -> ValueError:
    """The same error with what is possible, where the value is a setting's; without a traceback in the message."""
    settings = describe(Config)
    for name, value in _overrides(arguments):
        if name in settings and message.startswith(f"flag --config.{name}="):
            setting = settings[name]
            return ValueError(
                f"{name}={value} is impossible: it must be of type {kind_in_words(setting.kind)}, {setting.possible}"
            )
    message = re.sub(r"^flag --config=.*?: (?=config=)", "", message)
    first, *others = [line.strip() for line in message.splitlines() if line.strip()]
    return ValueError(f"{first} {others[-1]} (--verbosity=1 shows where)" if others else first)


def flags_of(module: str) -> list[flags.Flag]:
    """The flags that a command defines, in the order of its file, and those that it shares with others."""
    name = sys.argv[0] if module == "__main__" else module
    return flags.FLAGS.get_key_flags_for_module(name)
