"""**I**nterpretable: one kind of data each, from an instance to features a person understands, and back."""
