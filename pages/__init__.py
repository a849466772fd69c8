"""The web app, one script a page; `app.py` registers them."""
