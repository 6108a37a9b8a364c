"""Statistics and figures over what was measured."""
