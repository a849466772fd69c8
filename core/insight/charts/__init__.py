"""Charts of what is known of a model, from the stored document to plotly figures, for pages and for the report."""
