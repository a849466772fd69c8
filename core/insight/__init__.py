"""Whether a model is any good, and why: evaluated, explained, compared and reported."""
