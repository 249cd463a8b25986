"""lime's names for its explainers of tables."""

from __future__ import annotations

from limelight.compat.lime.recurrent import RecurrentTabularExplainer
from limelight.compat.lime.table_explainer import LimeTabularExplainer
from limelight.compat.lime.table_names import TableDomainMapper

__all__ = ["LimeTabularExplainer", "RecurrentTabularExplainer", "TableDomainMapper"]
