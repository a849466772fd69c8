"""How the networks of the added modes are fitted and trained."""
