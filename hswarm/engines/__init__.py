"""Engines answer requests: batching and memo around what runs or calls the models."""
