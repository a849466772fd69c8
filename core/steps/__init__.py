"""One training step, in the way that is quickest for the network and the device."""
