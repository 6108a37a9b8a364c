"""What a system is asked and how its answers are scored."""
