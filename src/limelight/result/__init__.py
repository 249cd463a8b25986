"""What comes out: the frozen explanation, its JSON, what views are told."""
