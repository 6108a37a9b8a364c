import hashlib
import itertools
import json

import numpy as np

from hswarm.swarm.random import generator


def test_same_key_same_numbers():
    first = generator(3, "walk", 1, 2).random(5)
    assert (generator(3, "walk", 1, 2).random(5) == first).all()


def test_every_part_of_the_key_counts():
    keys = [
        (0, "walk", 1, 2),
        (1, "walk", 1, 2),
        (0, "drop", 1, 2),
        (0, "walk", 2, 1),
        (0, "walk", 1),
        (0, "walk", 12),
        (0, "walk", 1, 2, 0),
    ]
    draws = [generator(seed, purpose, *place).random() for seed, purpose, *place in keys]
    assert len(set(draws)) == len(keys)


def test_numpy_integers_are_integers():
    assert generator(np.int64(5), "walk", np.int32(7)).random() == generator(5, "walk", 7).random()


def test_the_stream_is_that_of_the_documented_key():
    digest = hashlib.sha256(json.dumps([7, "walk", 0, 1]).encode()).digest()
    expected = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(4)
    assert (generator(7, "walk", 0, 1).bit_generator.random_raw(4) == expected).all()


def test_neighbouring_streams_are_not_correlated():
    streams = [generator(0, "walk", 0, particle).random(2000) for particle in range(8)]
    for a, b in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.1
