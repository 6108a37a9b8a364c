"""`hswarm experts train`: experts of a pool, trained on the data that the pool names."""
