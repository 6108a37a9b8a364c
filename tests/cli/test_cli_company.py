"""How many processes share the runs of a bench or a sweep, if nobody says."""

import pytest

from hswarm.api import configure
from hswarm.cli import company
from hswarm.cli.company import Hands
from hswarm.engines.transformers import placement
from hswarm.errors import HswarmError

TINY = {"engine": {"name": "transformers", "device": "cpu"}}


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    monkeypatch.setattr(company, "_cores", lambda: 3)
    monkeypatch.setattr(placement, "free_memory_of", lambda device: 16 * 2**30)


@pytest.mark.parametrize(
    ("settings", "left", "found"),
    [
        (TINY, 9, (3, 1)),
        (TINY, 2, (2, 1)),
        (TINY, 0, (1, None)),
        ({"engine": {"name": "vllm"}}, 9, (1, None)),
        ({**TINY, "budget": {"max_dollars": 1.0}}, 9, (1, None)),
    ],
)
def test_small_models_on_a_cpu_get_a_process_per_core(settings, left, found):
    assert Hands().settled(configure("gsm8k", pool="tiny", settings=settings), left) == found


def test_large_models_get_one_process(monkeypatch):
    monkeypatch.setattr("hswarm.engines.transformers.runner.SMALL", 1000)
    assert Hands().settled(configure("gsm8k", pool="tiny", settings=TINY), 9) == (1, None)


@pytest.mark.parametrize(("gigabytes", "found"), [(5, (2, 1)), (1, (1, None))])
def test_no_more_processes_than_there_is_memory_for(gigabytes, found, monkeypatch):
    monkeypatch.setattr(placement, "free_memory_of", lambda device: gigabytes * 2**30)
    assert Hands().settled(configure("gsm8k", pool="tiny", settings=TINY), 9) == found


def test_what_is_said_is_done():
    config = configure("gsm8k", pool="tiny", settings=TINY)
    assert Hands(2).settled(config, 9) == (2, 1)
    assert Hands(1).settled(config, 9) == (1, None)
    assert Hands(1, 5).settled(config, 9) == (1, 5)
    limited = configure("gsm8k", pool="tiny", settings={"budget": {"max_dollars": 1.0}})
    assert Hands(1).settled(limited, 9) == (1, None)
    with pytest.raises(HswarmError, match="one process counts them"):
        Hands(2).settled(limited, 9)
