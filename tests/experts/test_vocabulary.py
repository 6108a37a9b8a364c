"""Tokens are matched by what they stand for, whatever a tokenizer calls them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from hswarm.errors import HswarmError
from hswarm.experts.vocabulary import Shared, Vocabulary, read_vocabulary, share

TEXTS = ["the cat sat on the mat", "the dog ate the cat", "naïve café, 東京 and Ωmega"] * 4
SENTENCES = st.text(alphabet="thecat sdonmï東Ω,é😀", max_size=20)


def wrap(tokenizer, end):
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=end, clean_up_tokenization_spaces=False
    )


def byte_level():
    """A tokenizer as of GPT-2, with a phrase that is one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<end>", "<user>"])
    tokenizer.add_tokens([AddedToken(" on the mat", normalized=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<end>", "<user>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return wrap(tokenizer, "<end>")


def pieces():
    """A tokenizer as of SentencePiece with a byte for what it has no piece for."""
    listed = ["<unk>", "<eos>", "<user>", *(f"<0x{byte:02X}>" for byte in range(256))]
    listed += [*"▁thecasdonm", "th", "the", "▁the", "at", "▁cat", "é"]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(listed))}
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("a", "t")]
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(["<eos>", "<user>"])
    return wrap(tokenizer, "<eos>")


def words():
    tokenizer = Tokenizer(models.WordLevel({"<stop>": 0, "the": 1, "cat": 2}, unk_token="the"))
    tokenizer.add_special_tokens(["<stop>"])
    return wrap(tokenizer, "<stop>")


@pytest.fixture(scope="module")
def tokenizers():
    return {"bytes": byte_level(), "pieces": pieces(), "words": words()}


def vocabulary(tokenizer):
    return read_vocabulary(tokenizer, [tokenizer.eos_token_id])


@pytest.mark.parametrize("name", ["bytes", "pieces"])
@settings(deadline=None)
@given(text=SENTENCES)
def test_the_meanings_of_a_text_s_tokens_are_its_bytes(tokenizers, name, text):
    tokenizer = tokenizers[name]
    meanings = vocabulary(tokenizer).meanings
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert b"".join(meanings[number] for number in ids) == text.encode()


def test_what_is_written_differently_and_means_the_same_is_shared(tokenizers):
    ours, theirs = (tokenizers[name] for name in ("bytes", "pieces"))
    shared = share([vocabulary(ours), vocabulary(theirs)])
    pairs = dict(zip(*shared.ids.tolist(), strict=True))

    def number(tokenizer, token):
        return tokenizer.convert_tokens_to_ids(token)

    assert pairs[number(ours, "Ġthe")] == number(theirs, "▁the")
    assert pairs[number(ours, "Ã")] == number(theirs, "<0xC3>")
    assert pairs[number(ours, "t")] == number(theirs, "t"), "not the byte that is a t, too"
    assert pairs[number(ours, "<user>")] == number(theirs, "<user>")
    assert pairs[ours.eos_token_id] == theirs.eos_token_id
    assert number(ours, " on the mat") not in pairs
    assert number(theirs, "<0x74>") not in pairs.values()


def test_tokens_that_the_model_does_not_know_are_none(tokenizers):
    cut = read_vocabulary(tokenizers["bytes"], [0], 100)
    assert len(cut.meanings) == 100
    assert max(cut.firsts.values()) < 100


def test_a_word_has_its_space(tokenizers):
    shared = share([vocabulary(tokenizers["words"]), vocabulary(tokenizers["pieces"])])
    theirs = tokenizers["pieces"].convert_ids_to_tokens(shared.ids[1].tolist())
    assert theirs == ["▁the", "▁cat", "<eos>"]


MEANINGS = [b"a", b"b", b" c", b"\xc3", b"dd", "<user>", "<pad>"]


@st.composite
def vocabularies(draw):
    """At least one text, which all have, and an end, anywhere among others."""
    others = draw(st.lists(st.sampled_from(MEANINGS), max_size=12))
    listed = draw(st.permutations([(b"a", 0), ("<end>", 0), *((m, 1) for m in others)]))
    further = draw(st.sets(st.integers(0, len(listed) - 1), max_size=2))
    ends = {k for k in further if listed[k] != (b"a", 0)} | {listed.index(("<end>", 0))}
    return Vocabulary.of(dict(enumerate(listed)), sorted(ends))


@settings(deadline=None)
@given(st.lists(vocabularies(), min_size=2, max_size=4))
def test_shared_tokens_mean_the_same_and_nothing_that_all_have_is_missing(several):
    assume(any(other != several[0] for other in several))
    shared = share(several)
    assert shared.ids.shape[0] == len(several)
    for ids, own, ends in zip(shared.ids, several, shared.ends, strict=True):
        assert len(set(ids.tolist())) == len(ids)
        assert ends == own.ends
        assert ids[-1] in own.ends
        assert not set(ids[:-1].tolist()) & set(own.ends)
    columns = [
        {own.meanings[number] for number, own in zip(column, several, strict=True)}
        for column in shared.ids.T[:-1]
    ]
    assert all(len(column) == 1 for column in columns)
    held = [
        {m for k, m in enumerate(own.meanings) if m is not None and k not in own.ends}
        for own in several
    ]
    assert {meaning for (meaning,) in columns} == set.intersection(*held)


@settings(deadline=None)
@given(vocabularies(), st.integers(1, 3))
def test_equal_vocabularies_share_everything(own, count):
    shared = share([own] * count)
    assert shared.ends == ()
    assert (shared.ids == np.arange(len(own.meanings))).all()
    assert shared.holds(count - 1) == set(range(len(own.meanings)))


@settings(deadline=None)
@given(vocabularies(), vocabularies(), st.permutations(range(2)))
def test_the_order_of_vocabularies_changes_nothing_but_the_order(first, second, order):
    assume(first != second)
    several = [first, second]
    shared = share(several)
    turned = share([several[k] for k in order])

    def columns(agreed: Shared, places):
        return {tuple(column) for column in agreed.ids[list(places)].T.tolist()}

    assert columns(turned, np.argsort(order)) == columns(shared, range(2))


def test_nothing_in_common_is_refused():
    one = Vocabulary.of({0: (b"a", 1), 1: (b"b", 1)}, [1])
    other = Vocabulary.of({0: (b"c", 1), 1: (b"d", 1), 2: ("<user>", 0)}, [1])
    with pytest.raises(HswarmError, match="share no token of text"):
        share([one, other])
    endless = Vocabulary.of({0: (b"a", 1)}, [])
    with pytest.raises(HswarmError, match="names no token that ends an answer"):
        share([one, endless])
