"""Which questions the proof asks, in which words, and which function answers them.

Input: nothing. Output: `ASKED`, by the names that the command line takes.
"""

from __future__ import annotations

from limelight.bench.judged import by_quantus
from limelight.bench.proof import Question
from limelight.bench.questions import Ask, coverage, faithfulness, ground_truth, published, speed, steadiness

ASKED: dict[str, tuple[Ask, tuple[Question, ...]]] = {
    "speed": (
        speed,
        (
            Question(
                "first",
                "The first row",
                "CPU time of one thread until the first explanation, the explainer made on the way, without the "
                "time that the model itself took; each package at its defaults, 10 features. limelight draws there "
                "what all later rows share.",
                "milliseconds",
                "less",
                0,
            ),
            Question("later", "Every later row", "The same for each row after it.", "milliseconds", "less", 1),
            Question(
                "set",
                "Each of 1,000 rows",
                "limelight explains them as one set, the first row among them. The others have no set: the figure "
                "of a later row.",
                "milliseconds a row",
                "less",
                2,
            ),
            Question(
                "total",
                "All in all",
                "The same with the model's own time, mean of all rows of a case, the first among them.",
                "milliseconds a row",
                "less",
                0,
            ),
            Question(
                "asked",
                "Rows that the model was asked",
                "By the same explanations, mean of all rows of a case. limelight asks once for all of them.",
                "model rows a row",
                "less",
                0,
            ),
        ),
    ),
    "steadiness": (
        steadiness,
        (
            Question(
                "overlap",
                "The same answer twice?",
                "Each row explained under several seeds, at each one's defaults: how much of the five longest bars "
                "is the same in two of them (Jaccard). shap's background is the same for every seed.",
                "overlap, 1 is all",
                "more",
                2,
            ),
            Question(
                "scatter",
                "How far bars move at equal model rows",
                "Standard deviation of a bar from seed to seed, as a share of the row's longest bar. A small "
                "scatter is no proof of being right: the next questions are.",
                "shares of the longest bar",
                "less",
                4,
            ),
        ),
    ),
    "coverage": (
        coverage,
        (
            Question(
                "coverage",
                "Do the intervals hold?",
                "How often intervals that say 95 % hold the value that 131,072 model rows give, over rows, columns "
                "and seeds, by model rows spent. The other packages state no interval.",
                "shares",
                "",
                3,
            ),
        ),
    ),
    "faithfulness": (
        faithfulness,
        (
            Question(
                "removal",
                "Does the answer move as the bars say?",
                "Half of the columns, chosen at random, are taken from other rows, 100 times: the correlation of "
                "the sum of their bars with the drop of the answer, at equal model rows.",
                "correlation",
                "more",
                3,
            ),
            Question(
                "area",
                "Deletion and insertion",
                "Columns are inserted into other rows, longest bar first, and deleted from the row: the area "
                "between the two curves, as a share of the widest.",
                "shares of the widest",
                "more",
                3,
            ),
            Question(
                "signs",
                "Signs of the three longest bars",
                "How often they point where redrawing that column alone moves the answer.",
                "per cent",
                "more",
                0,
            ),
        ),
    ),
    "truth": (
        ground_truth,
        (
            Question(
                "known",
                "Do bars agree with a truth that is known?",
                "Functions of ten columns that add up, so that what each column adds to this row is known: the "
                "correlation of the bars with it, at equal model rows.",
                "correlation",
                "more",
                3,
            ),
            Question(
                "idle",
                "A bar where there is nothing",
                "The longest bar of three columns that do nothing, as a share of the row's longest.",
                "shares of the longest bar",
                "less",
                4,
            ),
        ),
    ),
    "published": (
        published,
        (
            Question(
                "slopes",
                "OpenXAI's clusters: which columns?",
                "Normal clusters, each with a logistic model of some columns, rebuilt from the paper: which share of "
                "those columns has the longest bars (feature agreement), at equal model rows. Its truth is a slope, "
                "which bars against an average row do not claim to be; the two lines that ask for slopes stand below.",
                "shares",
                "more",
                3,
            ),
            Question(
                "slope signs",
                "OpenXAI's clusters: which signs?",
                "The same, where the sign is the slope's, too (sign agreement).",
                "shares",
                "more",
                3,
            ),
            Question(
                "conditional",
                "xai-bench: Shapley values under the columns' own law",
                "Sums of curves of normal columns, rebuilt from the paper, whose Shapley values are known where what "
                "is hidden is drawn given the rest: the correlation of the bars with them, at equal model rows. None "
                "of those compared here draws so; without correlation all ask the same.",
                "correlation",
                "more",
                3,
            ),
        ),
    ),
    "quantus": (
        by_quantus,
        (
            Question(
                "quantus_correlation",
                "Quantus: faithfulness correlation",
                "Half of the columns hidden behind their means, 100 times: the correlation of the sum of their bars "
                "with the drop, as Quantus computes it. That mean is captum's own baseline, so captum is asked its own "
                "question here, and the others another.",
                "correlation",
                "more",
                3,
            ),
            Question(
                "quantus_estimate",
                "Quantus: faithfulness estimate",
                "Columns hidden one by one: the correlation of bars with drops.",
                "correlation",
                "more",
                3,
            ),
            Question(
                "quantus_flipping",
                "Quantus: pixel flipping",
                "The area under the answer while columns are hidden, largest weight first.",
                "the answer's unit times columns",
                "less",
                3,
            ),
            Question(
                "quantus_sparseness",
                "Quantus: sparseness",
                "How unequal bars are (Gini). A property of an explanation and no proof of it: the truth may be even.",
                "Gini index",
                "",
                3,
            ),
            Question(
                "quantus_complexity",
                "Quantus: complexity",
                "How evenly bars are spread (entropy); to be read like sparseness.",
                "nats",
                "",
                3,
            ),
        ),
    ),
}  # fmt: skip
