"""The parts of the transformers engine that are mathematics: batches, packing, sampling."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from hswarm.engines.request import Sampling
from hswarm.engines.transformers.forward import Packing
from hswarm.engines.transformers.rows import Row, plan_readings
from hswarm.engines.transformers.sampling import draw_noise, pick_tokens
from hswarm.engines.transformers.speech import Speech


def rows_of(lengths, blends):
    return [
        Row(k, (float(blend),), list(range(k, k + length)), Sampling(4), 4)
        for k, (length, blend) in enumerate(zip(lengths, blends, strict=False))
    ]


lengths = st.lists(st.integers(1, 60), min_size=1, max_size=40)
blends = st.lists(st.integers(0, 3), min_size=40, max_size=40)


@given(lengths, blends, st.integers(1, 9), st.integers(1, 200), st.randoms())
def test_readings_hold_each_row_once_within_their_bounds(lengths, blends, most_rows, most, rng):
    rows = rows_of(lengths, blends)
    readings = plan_readings(rows, most_rows=most_rows, most_tokens=most, overhead=20)
    assert sorted(row.place for r in readings for row in r.rows) == list(range(len(rows)))
    for reading in readings:
        assert {row.blend for row in reading.rows} == {reading.blend}
        longest = max(len(row.prompt) for row in reading.rows)
        assert len(reading.rows) <= most_rows
        assert longest * len(reading.rows) <= most or len(reading.rows) == 1
    heads = [len(reading.rows[0].prompt) for reading in readings]
    assert heads == sorted(heads)
    rng.shuffle(rows)
    again = plan_readings(rows, most_rows=most_rows, most_tokens=most, overhead=20)
    assert [[row.place for row in r.rows] for r in again] == [
        [row.place for row in r.rows] for r in readings
    ]


def cost(lengths, sizes, overhead):
    total = 0
    for size in sizes:
        total += size * lengths[0] + overhead
        lengths = lengths[size:]
    return total


def divisions(count):
    if not count:
        yield []
    for size in range(1, count + 1):
        yield from ([size, *rest] for rest in divisions(count - size))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(0, 80))
def test_readings_waste_as_little_as_can_be(lengths, overhead):
    rows = rows_of(lengths, [0] * len(lengths))
    readings = plan_readings(rows, most_rows=99, most_tokens=10**6, overhead=overhead)
    ours = sum(len(r.rows) * len(r.rows[0].prompt) + overhead for r in readings)
    falling = sorted(lengths, reverse=True)
    assert ours == min(cost(falling, sizes, overhead) for sizes in divisions(len(lengths)))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=50))
def test_packing_puts_every_row_into_a_block_of_its_adapter(adapters):
    packing = Packing.of(adapters, torch.device("cpu"))
    size = len(packing.gather) // len(packing.adapters)
    assert len(set(packing.scatter.tolist())) == len(adapters)
    for row, place in enumerate(packing.scatter.tolist()):
        assert packing.gather[place] == row
        assert packing.adapters[place // size] == adapters[row]
    assert len(packing.gather) < 2 * len(adapters) + size


@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=12),
    st.floats(0.1, 3),
    st.floats(0, 1),
    st.floats(0, 1, exclude_max=True),
)
def test_a_sampled_token_is_of_the_nucleus(logits, temperature, top_p, noise):
    sampling = Sampling(1, temperature, top_p)
    (token,) = pick_tokens(torch.tensor([logits]), [sampling], [noise])
    chances = torch.softmax(torch.tensor(logits).double() / temperature, 0)
    likelier = chances[chances > chances[token] * (1 + 1e-9)].sum()
    assert likelier < max(top_p, 1e-9) + 1e-9


def test_noise_picks_tokens_in_proportion():
    chances = torch.tensor([0.5, 0.3, 0.15, 0.05])
    noise = [(k + 0.5) / 1000 for k in range(1000)]
    logits = chances.log().expand(1000, 4)
    tokens = torch.tensor(pick_tokens(logits, [Sampling(1, 1.0)] * 1000, noise))
    assert tokens.bincount(minlength=4).tolist() == [500, 300, 150, 50]
    tokens = torch.tensor(pick_tokens(logits, [Sampling(1, 1.0, top_p=0.8)] * 1000, noise))
    assert tokens.bincount(minlength=4).tolist() == [625, 375, 0, 0]


def test_greedy_and_sampled_rows_share_a_batch():
    logits = torch.tensor([[0.0, 9.0, 1.0], [0.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    samplings = [Sampling(1), Sampling(1, 1.0, top_p=0.0), Sampling(1)]
    assert pick_tokens(logits, samplings, [0.0, 0.99, 0.0]) == [1, 2, 0]


@settings(max_examples=20)
@given(st.integers(0, 2**63 - 1), st.integers(1, 50))
def test_noise_is_the_seeds_alone(seed, tokens):
    torch.rand(3)
    noise = draw_noise(Sampling(tokens, 1.0, seed=seed))
    assert len(noise) == tokens
    assert all(0 <= number < 1 for number in noise)
    assert draw_noise(Sampling(tokens + 5, 1.0, seed=seed))[:tokens] == noise


ALPHABET = {char: k for k, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
BYTES = Tokenizer(models.BPE(vocab=ALPHABET, merges=[]))
BYTES.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
BYTES.decoder = decoders.ByteLevel()
BYTEWISE = PreTrainedTokenizerFast(tokenizer_object=BYTES)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20), st.booleans())
def test_speech_grows_to_the_whole_text_and_never_takes_a_word_back(text, again):
    tokens = BYTEWISE(text)["input_ids"]
    speech = Speech(BYTEWISE)
    said = ""
    for end in range(1, len(tokens) + 1):
        grown = speech.grow(tokens[:end])
        if grown is not None:
            assert grown.startswith(said)
            assert grown != said
            said = grown
    if not text.endswith("\ufffd"):
        assert said == text.strip()
    if again and tokens:
        first = speech.grow(tokens[:1])
        assert first is None or text.strip().startswith(first)
