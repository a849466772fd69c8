"""Why a model predicts what it does: which columns matter, how, and why this row; all on rows it has not seen."""
