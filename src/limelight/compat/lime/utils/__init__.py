"""lime's small tools."""
