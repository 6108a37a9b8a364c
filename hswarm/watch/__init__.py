"""A running search in the browser, read from the run's folder."""
