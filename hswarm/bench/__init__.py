"""`hswarm bench`: methods × tasks × seeds, one table."""
