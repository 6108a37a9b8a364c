"""A found system as a model of other people's evaluation harnesses."""
