"""Figures that the project promises, printed by `make bench`."""
