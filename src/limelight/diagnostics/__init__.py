"""Diagnostics: may this explanation be relied on? Five questions, each with its measure and the paper it comes from.

| question | function |
| --- | --- |
| Would another seed have said the same? | `stability`, `agreement` |
| Does the output fall where the explanation says it should? | `deletion_curve`, `insertion_curve` |
| How far are the weights from what the model does? | `infidelity` |
| Would nearly the same instance be explained the same way? | `max_sensitivity` |
| Does the model answer perturbed rows by another rule than real ones? | `scaffold_check` |

None of them changes the explainer; each asks its model anew, through a copy. Input: an explainer and an instance, and
an explanation of it where one is there already; for the last, many real rows. Output: a frozen result.

>>> import numpy as np
>>> import limelight as ll
>>> parts = ll.Components(["a", "b", "c"], lambda masks: masks.astype(float))
>>> explainer = ll.Explainer(lambda Z: 3 * Z[:, 0] - Z[:, 1], parts, seed=0)
>>> ll.diagnostics.stability(explainer, None, repeats=3).jaccard
1.0
>>> ll.diagnostics.deletion_curve(explainer, None).values.round(6) + 0
array([ 2., -1., -1.,  0.])
"""

from limelight.diagnostics.curves import Curve, deletion_curve, insertion_curve
from limelight.diagnostics.faithfulness import Infidelity, infidelity
from limelight.diagnostics.repeatability import Stability, agreement, stability
from limelight.diagnostics.scaffold import ScaffoldCheck, scaffold_check
from limelight.diagnostics.sensitivity import Sensitivity, max_sensitivity

__all__ = [
    "Curve",
    "Infidelity",
    "ScaffoldCheck",
    "Sensitivity",
    "Stability",
    "agreement",
    "deletion_curve",
    "infidelity",
    "insertion_curve",
    "max_sensitivity",
    "scaffold_check",
    "stability",
]
