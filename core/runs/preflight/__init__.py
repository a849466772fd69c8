"""What a training will cost on this machine, in time and memory, before it starts."""
