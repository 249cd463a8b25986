"""The proof: what limelight claims, measured on the reader's machine beside the packages that ask the same question.

Input: nothing; data come with scikit-learn or are made here. Output: a `Proof`, whose JSON and Markdown the
documentation shows. Packages to compare with are used where they are installed: `pip install lime shap`.
"""

from __future__ import annotations

from limelight.bench.proof import Figure, Proof
from limelight.bench.run import run

__all__ = ["Figure", "Proof", "run"]
