"""lime's explainer of arrays (n, time steps, features): every feature of every step is a column of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from limelight.compat.lime.arrays import floats
from limelight.compat.lime.explanation import Explanation
from limelight.compat.lime.table_explainer import LimeTabularExplainer
from limelight.errors import InputError


class RecurrentTabularExplainer(LimeTabularExplainer):
    """Explains a function of arrays (n, time steps, features), by laying every feature of every step side by side.

    Parameters
    ----------
    training_data
        (n, time steps, features) numbers.
    mode, training_labels, feature_names, categorical_features, categorical_names, kernel_width, kernel, verbose
        As in `LimeTabularExplainer`; a feature's name gets "_t-2", "_t-1", "_t-0" for its steps.
    class_names, feature_selection, discretize_continuous, discretizer, random_state
        As in `LimeTabularExplainer`.
    """

    def __init__(
        self,
        training_data: Any,
        mode: str = "classification",
        training_labels: Any = None,
        feature_names: Sequence[Any] | None = None,
        categorical_features: Sequence[int] | None = None,
        categorical_names: Mapping[int, Any] | None = None,
        kernel_width: float | None = None,
        kernel: Callable[..., Any] | None = None,
        verbose: bool = False,
        class_names: Sequence[Any] | None = None,
        feature_selection: str = "auto",
        discretize_continuous: bool = True,
        discretizer: Any = "quartile",
        random_state: Any = None,
    ) -> None:
        steps = floats("training_data", training_data)
        if steps.ndim != 3:
            raise InputError(
                f"training_data: expected shape (n, time steps, features), got {steps.shape}; add the missing axis."
            )
        self.n_timesteps, self.n_features = steps.shape[1:]
        names = range(self.n_features) if feature_names is None else feature_names
        super().__init__(
            steps.transpose(0, 2, 1).reshape(len(steps), -1),
            mode,
            training_labels,
            [f"{name}_t-{self.n_timesteps - 1 - step}" for name in names for step in range(self.n_timesteps)],
            categorical_features,
            categorical_names,
            kernel_width,
            kernel,
            verbose,
            class_names,
            feature_selection,
            discretize_continuous,
            discretizer,
            random_state=random_state,
        )

    def explain_instance(  # type: ignore[override]
        self,
        data_row: Any,
        classifier_fn: Callable[[Any], Any],
        labels: Sequence[int] = (1,),
        top_labels: int | None = None,
        num_features: int = 10,
        num_samples: int = 5000,
        distance_metric: Any = "euclidean",
        model_regressor: Any = None,
    ) -> Explanation:
        """Return the explanation of a function's output for one (time steps, features) array; as for tables."""
        steps = floats("data_row", data_row)
        if steps.shape not in ((self.n_timesteps, self.n_features), (1, self.n_timesteps, self.n_features)):
            raise InputError(
                f"data_row: expected shape ({self.n_timesteps}, {self.n_features}), got {steps.shape}; pass one X[i]."
            )
        flat = steps.reshape(self.n_timesteps, self.n_features).T.reshape(-1)
        asked = self._make_predict_proba(classifier_fn)
        return super().explain_instance(
            flat, asked, labels, top_labels, num_features, num_samples, distance_metric, model_regressor
        )

    def _make_predict_proba(self, func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the function as it is asked with flat rows; for subclasses that override it."""
        return Unflattened(func, self.n_timesteps, self.n_features)


@dataclass(frozen=True)
class Unflattened:
    """A function of (n, time steps, features) arrays, asked with rows that hold every feature of every step."""

    function: Callable[[Any], Any]
    n_timesteps: int
    n_features: int

    def __call__(self, rows: Any) -> Any:
        """Return the function's answer."""
        return self.function(rows.reshape(len(rows), self.n_features, self.n_timesteps).transpose(0, 2, 1))
