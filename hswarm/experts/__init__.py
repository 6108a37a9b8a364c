"""Making, reading and blending experts."""
