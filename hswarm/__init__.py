"""hswarm designs multi-LLM systems: who reads whose answer, and the models' weights, at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hswarm.api import optimize as optimize
    from hswarm.errors import HswarmError as HswarmError
    from hswarm.pipeline.load import load as load
    from hswarm.pipeline.pipeline import Pipeline as Pipeline
    from hswarm.report.write import write_report as write_report
    from hswarm.search.result import Result as Result

__version__ = "0.1.0"

_PUBLIC = {
    "HswarmError": "hswarm.errors",
    "Pipeline": "hswarm.pipeline.pipeline",
    "Result": "hswarm.search.result",
    "load": "hswarm.pipeline.load",
    "optimize": "hswarm.api",
    "write_report": "hswarm.report.write",
}

__all__ = ["HswarmError", "Pipeline", "Result", "__version__", "load", "optimize", "write_report"]


def __getattr__(name: str) -> Any:
    # Imported when first used: `import hswarm` alone loads no torch.
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hswarm' has no attribute {name!r}")
