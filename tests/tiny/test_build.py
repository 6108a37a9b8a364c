"""What goes with the tiny pool beside its weights."""

import json
from pathlib import Path

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.tiny import build
from hswarm.tiny.skills import SKILLS


def test_some_of_what_each_expert_is_trained_on_is_written_down(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "DATA", 3)
    data = build.write_data(tmp_path / "data")

    assert list(data) == list(SKILLS)
    lines = (tmp_path / data["add"]).read_text().splitlines()
    pairs = [json.loads(line) for line in lines]
    assert len(pairs) == 3
    assert all(pair.keys() == {"prompt", "response"} for pair in pairs)


def test_the_pools_that_come_along_have_theirs():
    for name in ("tiny", "tiny-four"):
        pool = read_pool(find("agents", name))
        assert set(pool.data) == set(pool.agents)
        for file in pool.data.values():
            assert len(Path(file).read_text().splitlines()) == build.DATA
