"""Reports: what a run found, how sure it is, how it got there, what each model does, the cost."""
