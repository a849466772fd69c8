"""Reading a file the analyst has into a table, and understanding its columns."""
