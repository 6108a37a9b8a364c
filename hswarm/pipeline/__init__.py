"""A found system as a folder that can be handed on: written, checked, and ready to answer."""
