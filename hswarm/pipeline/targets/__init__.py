"""Pipelines for others to run: what is written beside the folder for vLLM, LangGraph and MLflow.

The folder itself holds no code, and is refused if it does; so what is code lies next to it, finds
it by its name, and moves along with it.
"""
