"""Stateless randomness: a generator for every place where a number is drawn.

What a place draws depends on nothing but its key, so neither the order of execution nor the number
of workers nor a resume can change a result.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np


def generator(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return the generator of (seed, purpose, place), the same on every machine.

    `place` is usually (iteration, particle). Different keys give independent streams: the key of
    the counter-based bit generator (Philox) is a SHA-256 of them.
    """
    key = json.dumps([int(seed), purpose, *map(int, place)])
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
