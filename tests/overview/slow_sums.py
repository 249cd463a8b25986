"""Importance and pick as their definitions say, one explanation and number by number: the oracle of the fast sums."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from scipy.stats import norm, t

import limelight as ll


def importance(many: Sequence[ll.Explanation], target: str, level: float = 0.95) -> dict[Hashable, list[float]]:
    """By feature: count, mean |contribution|, its bounds, noise, mean, its bounds."""
    rows = [(each, each.targets.index(target)) for each in many if target in each.targets]
    n = len(rows)
    cells: dict[Hashable, list[tuple[float, float, float, str, bool]]] = defaultdict(list)
    for each, k in rows:
        once: dict[Hashable, tuple[float, float, float, str, bool]] = {}
        for j, feature in enumerate(each.features):
            value, error = float(each.contributions[k, j]), float(each.contribution_stderr[k, j])
            v, size, e, name, _ = once.get(feature.where.key, (0.0, 0.0, 0.0, feature.name, False))
            once[feature.where.key] = (v + value, size + abs(value), e + error, name, each.provenance.shared)
        for key, cell in once.items():
            cells[key].append(cell)
    return {key: _told(found, n, level) for key, found in cells.items()}


def _told(found: list[tuple[float, float, float, str, bool]], n: int, level: float) -> list[float]:
    lacking = [0.0] * (n - len(found))
    errors = [cell[2] for cell in found]
    bins: dict[str, float] = defaultdict(float)
    for _, _, error, name, shared in found:
        bins[name] += error / n if shared else 0.0
    together = math.fsum(total * total for total in bins.values())
    out = [float(len(found))]
    for part, floor in ((1, 0.0), (0, -math.inf)):
        values = [cell[part] for cell in found] + lacking
        mean = math.fsum(values) / n
        spread = np.var(values, ddof=1) / n if n > 1 else 0.0
        own = math.fsum(error * error for error in errors) / n**2
        wide = t(n - 1).ppf(0.5 + level / 2) if n > 1 else norm.ppf(0.5 + level / 2)
        half = math.sqrt(wide**2 * max(spread, own) + norm.ppf(0.5 + level / 2) ** 2 * together * (n > 1))
        out += [mean, max(mean - half, floor), mean + half]
        if part == 1:
            out.append(math.sqrt(2 / math.pi) * math.fsum(errors) / n)
    return out


def picked(many: Sequence[ll.Explanation], budget: int, most: int | None, level: float | None) -> list[int]:
    """Greedy cover: each time the largest gain; ties to the larger size, then to the earlier."""
    z = 0.0 if level is None else norm.ppf(0.5 + level / 2)
    rows = []
    for each in many:
        row: dict[Hashable, float] = defaultdict(float)
        for k in range(len(each.targets)):
            largest = np.abs(each.contributions[k]).max(initial=0.0)
            for j in each.selected[k][:most]:
                size = abs(each.contributions[k, j])
                if size > 1e-12 * largest and size > z * each.contribution_stderr[k, j]:
                    row[each.features[j].where.key] += size
        rows.append(row)
    total: dict[Hashable, float] = defaultdict(float)
    for row in rows:
        for key, size in row.items():
            total[key] += size
    left = {key: math.sqrt(size) for key, size in total.items()}
    chosen: list[int] = []
    for _ in range(budget):
        gains = [(sum(left[key] for key in row), sum(row.values()), -i) for i, row in enumerate(rows)]
        best = max((round(gain, 9), round(size, 9), i) for gain, size, i in gains if -i not in chosen)
        chosen.append(-best[2])
        for key in rows[chosen[-1]]:
            left[key] = 0.0
    return chosen
