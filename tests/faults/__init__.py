"""Faults injected for real, and what must hold after each: `python -m tests.faults`."""
