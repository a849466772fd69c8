"""Pieces of the user interface that are not pages."""
