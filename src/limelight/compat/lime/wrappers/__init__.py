"""lime's wrappers around scikit-image."""
