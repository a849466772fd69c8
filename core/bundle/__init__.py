"""The model file: reading and writing it without trusting it."""
