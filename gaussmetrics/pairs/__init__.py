"""Two covariances at once: what they share, how they differ, and what needs both structures."""
