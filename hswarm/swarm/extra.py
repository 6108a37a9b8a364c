"""Libraries that only some optimisers need: the extra `optimizers`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hswarm.errors import HswarmError


def load_extra(library: str, optimizer: str) -> Any:
    """Return the module `library`; HswarmError that says how to install it if it is not there."""
    try:
        return import_module(library)
    except ImportError as error:
        raise HswarmError(
            f"The optimizer {optimizer} needs the library {library}: {error}.",
            hint="pip install 'hswarm[optimizers]'",
        ) from error
