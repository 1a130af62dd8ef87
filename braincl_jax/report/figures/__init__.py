"""Figures made from the `summary.json` of runs, one a file; a file that is added here is found without an edit.

A figure is a settings class, registered in `registry.FIGURES`, that has a `scope`, "run" or "comparison", and
`draw(summaries) -> Figure | None`; None says that there is nothing to show of these runs. One of your own is registered
in the same way, in a module that `config.plugins` names.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
