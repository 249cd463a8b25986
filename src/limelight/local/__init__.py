"""**L**ocal: functions of arrays. Sampling, proximity, selection, surrogate, precision."""
