"""The engine of Rowsmith: everything but the pages. It never imports Streamlit."""
