"""A run's folder: settings, journal, state, lock, memo, result; whole after any crash."""
