"""Trials on a landscape, for the tests of baselines."""

import sys
from dataclasses import replace
from pathlib import Path

from hswarm.baselines.trials import Trials
from hswarm.config import search_config
from hswarm.search.tally import Tally

sys.path.insert(0, str(Path(__file__).parents[1] / "search"))
from landscape import Landscape, make_setting

EXPERTS = 4
ITEMS = 3


def make_trials(seed: int = 0, limit: int | None = None, *, experts: int = EXPERTS) -> Trials:
    """Four experts whose best blend is known, on three items; see the landscape."""
    setting = make_setting(
        search_config("default", {"seed": seed}), Landscape(), experts=experts, items=ITEMS
    )
    return Trials(replace(setting, tally=Tally(ITEMS, limit)))
