"""Figures on plain arrays: what is right, what is wrong, how much and where."""
