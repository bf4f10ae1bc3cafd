"""Two covariances at once: what they share, how they differ; every formula that needs both structures."""
