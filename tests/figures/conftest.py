"""`tests/figures` can import the gallery beside it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
