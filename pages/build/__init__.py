"""Pages that make a model: data, train, distil."""
