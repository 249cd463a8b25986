"""**M**odel-**A**gnostic: how to ask somebody else's model."""
