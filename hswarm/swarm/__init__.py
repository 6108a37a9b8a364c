"""Particle swarm optimisation over the rows of a matrix; knows nothing of models or graphs."""
