"""Figures for print and screen, one look: colour-blind safe, legible at a column's width."""
