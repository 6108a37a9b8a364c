"""Libraries that load and train models, kept from writing between the lines of a run."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging


@contextmanager
def hushed() -> Iterator[None]:
    """Have transformers, PEFT and TRL draw no bars, and warn of nothing: it is not the user's."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    datasets = sys.modules.get("datasets")  # an extra; TRL brings it along
    drawn = datasets is not None and not datasets.are_progress_bars_disabled()
    if datasets is not None and drawn:
        datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(peft|transformers|trl)\.")
            yield
    finally:
        if datasets is not None and drawn:
            datasets.enable_progress_bars()
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
