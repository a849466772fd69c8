"""What to look at in a table before a model is trained on it, given what is to be predicted."""
