"""Pages that use a model: runs, model, predict."""
