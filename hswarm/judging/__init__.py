"""Who rates an answer that no rule can: judges, reward models, toxicity classifiers."""
