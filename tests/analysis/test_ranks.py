"""Where the winner began."""

import math

import pytest

from hswarm.analysis.ranks import StartRank, distribution, start_rank


def test_by_hand():
    # Particle 2 ends best; 0 and 3 began better than it.
    rank = start_rank([0.5, 0.1, 0.3, 0.4], [0.6, 0.1, 0.9, 0.4])
    assert rank == StartRank(particle=2, rank=3, particles=4)
    assert rank.in_bottom_half


def test_who_began_best_and_stayed_so_has_rank_1():
    rank = start_rank([0.5, 0.4], [0.5, 0.5])
    assert rank == StartRank(0, 1, 2)
    assert not rank.in_bottom_half


def test_who_was_never_scored_is_left_out():
    assert start_rank([math.nan, 0.2, 0.3], [0.9, 0.8, 0.3]) == StartRank(1, 2, 2)
    assert start_rank([math.nan], [math.nan]) is None


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="at the end"):
        start_rank([0.1], [0.1, 0.2])


def test_the_distribution_over_searches():
    ranks = [StartRank(0, 1, 3), StartRank(2, 3, 3), StartRank(1, 3, 3), StartRank(1, 2, 3)]
    assert distribution(ranks) == [0.25, 0.25, 0.5]
    assert distribution([]) == []
