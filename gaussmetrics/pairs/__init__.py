"""Two covariances at once: what they share, how they differ. No other rooms look at both."""
