"""What the command line does: train, predict and distil without the app."""
