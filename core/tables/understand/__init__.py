"""What the columns of a table are, by their names and cells alone, and what to make of each."""
