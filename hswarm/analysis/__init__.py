"""What was measured: statistics, and the analyses of both papers. Pure functions over records."""
