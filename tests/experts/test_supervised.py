"""What a training meets, and when, is laid down before it begins."""

from collections import Counter

from hswarm.experts.recipe import Recipe
from hswarm.experts.supervised import order_of, steps_of


def test_the_order_is_the_same_each_time_and_everyone_comes_once_before_anyone_comes_again():
    lengths = [k % 7 for k in range(48)]
    order = order_of(lengths, steps=24, batch=4, seed=0)
    assert order == order_of(lengths, steps=24, batch=4, seed=0)
    assert order != order_of(lengths, steps=24, batch=4, seed=1)
    assert Counter(order) == dict.fromkeys(range(48), 2)


def test_batches_are_of_like_length():
    lengths = [k % 7 for k in range(96)]
    order = order_of(lengths, steps=24, batch=4, seed=0)
    batches = [[lengths[place] for place in order[k : k + 4]] for k in range(0, 96, 4)]
    spread = [max(batch) - min(batch) for batch in batches]
    assert sum(spread) / len(spread) < 1.5  # in any order more than 3


def test_steps_go_before_epochs():
    assert steps_of(Recipe(batch=8, epochs=2.5), 10) == 4
    assert steps_of(Recipe(batch=8, steps=7), 10) == 7
