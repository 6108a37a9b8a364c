"""Tools: what sits in a node and is no model. Nothing that a model wrote is ever executed."""
