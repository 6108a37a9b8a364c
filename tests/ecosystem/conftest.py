"""Packages of the ecosystem are extras: what tests them says how to install them."""

from importlib.util import find_spec

import pytest


def _needs(module, extra):
    missing = find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module}: pip install 'hswarm[{extra}]'")


def pytest_collection_modifyitems(items):
    for item in items:
        if "needs_lm_eval" in item.keywords:
            item.add_marker(_needs("lm_eval", "lm-eval"))
        if "needs_inspect" in item.keywords:
            item.add_marker(_needs("inspect_ai", "inspect"))
