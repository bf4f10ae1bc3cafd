"""Ground floor: arrays as every wing needs them, and the linear algebra that keeps their digits."""
