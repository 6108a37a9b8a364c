import shutil

import pytest

from hswarm.config import EngineConfig
from hswarm.pipeline.load import load


@pytest.fixture
def own(exported, tmp_path):
    """A copy of the exported pipeline to break."""
    copy = tmp_path / "my-pipeline"
    shutil.copytree(exported, copy)
    return copy


@pytest.fixture(scope="session")
def pipeline(exported):
    with load(exported, engine=EngineConfig(threads=1)) as opened:
        yield opened
