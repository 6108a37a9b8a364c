"""Whoever follows a run: the terminal's view, and trackers of experiments, by one interface."""
