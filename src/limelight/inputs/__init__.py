"""What a model can be given: arrays, frames, texts, word counts."""
