"""`hswarm sweep`: many runs of one search, each with hyperparameters drawn from a grid."""
