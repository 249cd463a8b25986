"""**E**xplanations, drawn: views know the finished `Explanation` and nothing else."""
