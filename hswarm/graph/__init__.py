"""Graphs of who reads whose answer: decoded from matrices, named, drawn."""
