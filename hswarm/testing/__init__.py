"""Contract tests: what each kind of part promises, to be inherited by the tests of a new one.

They need pytest and hypothesis: `pip install 'hswarm[testing]'`.
"""

from importlib.util import find_spec

missing = [name for name in ("pytest", "hypothesis") if find_spec(name) is None]
if missing:
    raise ImportError(
        f"hswarm.testing needs {' and '.join(missing)}: pip install 'hswarm[testing]'"
    )
