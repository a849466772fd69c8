"""Fifty browsers' worth of load on the real server, at the level of Streamlit's protocol; run by `make load`."""
