"""Where a rater's own model runs."""

from __future__ import annotations

import torch


def choose_device(wanted: str) -> torch.device:
    """Return the device: the first accelerator for "auto", else the CPU."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
