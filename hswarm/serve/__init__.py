"""A pipeline behind HTTP: OpenAI-compatible, its model is the graph. Needs the extra `serve`."""
