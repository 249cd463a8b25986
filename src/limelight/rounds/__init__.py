"""The algorithm: instances, rounds of model calls, verdicts. Start with `rounds/pipeline.py`."""
