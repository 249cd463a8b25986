"""Tables: `modality.py` is what a user calls; `background.py` the law that rows are drawn from."""

from limelight.interpretable.tabular.modality import Tabular

__all__ = ["Tabular"]
