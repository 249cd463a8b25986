"""Variance reduction: second models whose projection on the features is known."""
