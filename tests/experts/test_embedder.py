"""Encoders that make vectors of texts."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from hswarm.errors import HswarmError
from hswarm.experts.embedder import check_embedder, embed, embed_question, open_embedder

sys.path.insert(0, str(Path(__file__).parents[1] / "baselines"))
from arena import small_family


@pytest.fixture(scope="module")
def encoder():
    return open_embedder(str(small_family().base))


def test_a_vector_is_the_mean_over_the_tokens_of_length_one(encoder):
    texts = ["who is it", "a much longer question than the other one", "yes"]
    vectors = embed(encoder, texts)

    tokenizer = AutoTokenizer.from_pretrained(encoder.folder)
    model = AutoModel.from_pretrained(encoder.folder, dtype=torch.float32).eval()
    for text, vector in zip(texts, vectors, strict=True):
        with torch.inference_mode():
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        mean = hidden.mean(dim=0).double().numpy()
        assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_a_question_is_compared_by_the_same_encoder_only(encoder):
    vector = embed_question(encoder.source, encoder.fingerprint, "who is it")

    assert vector == pytest.approx(embed(encoder, ["who is it"])[0], abs=1e-6)
    with pytest.raises(HswarmError, match="not the one"):
        embed_question(encoder.source, "0" * 64, "who is it")
    with pytest.raises(HswarmError, match="not the one"):
        check_embedder(encoder, "0" * 64)


def test_an_encoder_that_is_none_is_refused_in_a_line(tmp_path):
    with pytest.raises(HswarmError, match="There is no folder"):
        open_embedder(str(tmp_path / "nothing" / "there" / "at all"))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(HswarmError, match=r"model\.safetensors"):
        open_embedder(str(tmp_path))
