"""Which engine runs the local models, and what is said where its library is not installed."""

import sys
from types import SimpleNamespace

import pytest
import torch

from hswarm.config import EngineConfig
from hswarm.engines import local
from hswarm.engines.assemble import assemble
from hswarm.engines.local import settle_engine
from hswarm.errors import HswarmError


@pytest.mark.parametrize(
    ("gpu", "installed", "device", "picked"),
    [
        (False, True, "auto", "transformers"),
        (True, False, "auto", "transformers"),
        (True, True, "auto", "vllm"),
        (True, True, "cpu", "transformers"),
    ],
)
def test_auto_is_settled_by_the_machine(gpu, installed, device, picked, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(local, "find_spec", lambda name: SimpleNamespace() if installed else None)
    config = EngineConfig(name="auto", device=device, threads=3)
    assert settle_engine(config) == EngineConfig(name=picked, device=device, threads=3)


@pytest.mark.parametrize("name", ["transformers", "vllm"])
def test_what_was_asked_for_by_name_stays(name):
    assert settle_engine(EngineConfig(name=name)).name == name


@pytest.mark.parametrize(
    ("library", "config", "install"),
    [
        ("vllm", EngineConfig(name="vllm"), "pip install 'hswarm[vllm]'"),
        ("ray", EngineConfig(workers=2), "pip install 'hswarm[ray]'"),
    ],
)
def test_a_library_that_is_not_installed_is_named(
    library, config, install, make_family, monkeypatch
):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"hswarm.engines.{library}", raising=False)
    with pytest.raises(HswarmError, match="not installed") as refused:
        assemble([make_family("llama")], config)
    assert install in refused.value.hint
