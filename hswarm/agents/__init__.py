"""What can sit in a node of a graph, and the prompts of the nodes."""
