"""Statistics over what was measured."""
