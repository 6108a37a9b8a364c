"""Tests that need a package of the ecosystem run with those of other people's programs.

`make test-clients` installs the packages and runs them; `make test` leaves them out.
"""

from importlib.util import find_spec

import pytest

PACKAGES = {
    "needs_inspect": "inspect_ai",
    "needs_inspect_evals": "inspect_evals",
    "needs_lm_eval": "lm_eval",
}


def pytest_collection_modifyitems(items):
    for item in items:
        for name, package in PACKAGES.items():
            if item.get_closest_marker(name):
                missing = find_spec(package) is None
                reason = f"{package} is not installed: make test-clients"
                item.add_marker(pytest.mark.clients)
                item.add_marker(pytest.mark.skipif(missing, reason=reason))
