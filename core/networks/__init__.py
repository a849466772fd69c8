"""The networks of the added modes, and the first stage inside them that remakes encoded rows for them."""
