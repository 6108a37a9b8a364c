"""The search: role-steps, weight-steps, credit, the loop."""
