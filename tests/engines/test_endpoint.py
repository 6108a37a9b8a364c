"""Entries of remote models: what they are known by, and that no secret gets into or out of them."""

import pytest

from hswarm.config import validated
from hswarm.engines.endpoint import Endpoint, read_secret
from hswarm.engines.request import Remote
from hswarm.errors import HswarmError

SECRET = "sk-proj-Ab3dEf6hIj9kLm"


def read(**entry):
    return validated(Endpoint, {"model": "m", **entry}, "pool.yaml")


def test_what_shapes_an_answer_is_in_the_reference_and_nothing_else():
    plain = read(base_url="https://a.example/v1/")
    assert plain.reference == Remote("openai", "m", "https://a.example/v1", "")
    same = read(base_url="https://a.example/v1", key="K", concurrency=2, timeout=5, attempts=1)
    assert same.reference == plain.reference
    assert read(parameters={"b": 1, "a": None}).reference.settings == '{"a": null, "b": 1}'
    assert read().reference.endpoint == "https://api.openai.com/v1"
    assert read(provider="gemini", key="K").reference == Remote("gemini", "m", "", "")


@pytest.mark.parametrize(
    "entry",
    [
        {"key": SECRET},
        {"key": "AIzaSyD-9tSrke72I6e9dXkVq"},
        {"key": "1KEY"},
        {"base_url": f"https://me:{SECRET}@a.example/v1"},
        {"base_url": f"https://a.example/v1?key={SECRET}"},
        {"base_url": "file:///etc/passwd"},
        {"base_url": "a.example"},
        {"api_key": SECRET},
        {"provider": "gemini"},
        {"provider": "elsewhere"},
        {"concurrency": 0},
        {"timeout": 0},
        {"price": {"prompt": 1.0}},
        {"price": {"prompt": -1.0, "generated": 1.0}},
    ],
)
def test_a_malformed_entry_is_one_clear_line_without_secrets(entry):
    with pytest.raises(HswarmError) as refused:
        read(**entry)
    said = f"{refused.value} {refused.value.hint}"
    assert "\n" not in said
    assert SECRET not in said
    assert "AIza" not in said
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_secret_is_read_from_its_variable(monkeypatch):
    monkeypatch.setenv("MY_KEY", f" {SECRET}\n")
    assert read_secret("MY_KEY", "far") == SECRET
    monkeypatch.setenv("MY_KEY", " ")
    with pytest.raises(HswarmError, match="key of far"):
        read_secret("MY_KEY", "far")


def test_parameters_are_laid_over_and_null_takes_away():
    entry = read(parameters={"max_tokens": None, "top_k": 1})
    assert entry.body({"max_tokens": 5, "temperature": 0.0}) == {"temperature": 0.0, "top_k": 1}
