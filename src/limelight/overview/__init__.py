"""Many explanations: picking, comparing, auditing."""
