"""What a user holds: a model, a kind of data, settings. `explain` one instance, `explain_many` of them."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Never, Unpack, overload

from limelight.contracts import FloatArray, Modality
from limelight.errors import InputError, UnknownNameError, outside
from limelight.lock import IN_THE_MODEL, Lent, Lock, OneByOne
from limelight.models.cache import Cache, opened
from limelight.models.calls import Caller
from limelight.models.repeats import Repeats, within
from limelight.plugins import modality_of_name
from limelight.progress import progress
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.failure import Failure
from limelight.result.rows import without_failures
from limelight.rounds.editing import edited_outputs, masked_outputs
from limelight.rounds.expecting import ExpectedCost, expect
from limelight.rounds.instance import Context
from limelight.rounds.pipeline import WITHOUT_WAITING, explain_one, explain_stream
from limelight.rounds.preparing import fingerprint, prepare, short
from limelight.rounds.targets import check_targets
from limelight.rounds.waiting import OPEN_AT_ONCE
from limelight.settings import Settings, SettingsArguments, whole
from limelight.spellings import missing, refuse_old, refuse_unknown

ON_ERROR = ("raise", "skip", "record")
Skipping = Literal["raise", "skip"]
OnError = Literal["raise", "skip", "record"]


class Explainer:
    """Explains single predictions of any model by a weighted linear surrogate around them [ribeiro2016].

    Explaining never changes the explainer, the instance or the background; what is kept between calls (the
    neighborhood that table rows share) changes no result. It pickles where the model does.

    Parameters
    ----------
    model
        A fitted estimator (asked by ``predict_proba``, else ``decision_function``, else ``predict``); an onnxruntime
        session, a booster, a torch module, a spaCy pipeline; or any callable that takes n inputs and returns numbers
        (n,) or (n, k), labels, or scores by label. Labels are no quantities: each is an output, 1 where it is answered.
    modality
        The kind of data: `Tabular`, …; or the name of one that an installed package brings as an entry point.
    output_names
        Names of the k outputs, or all labels that the model can answer; None takes the model's own, as far as it has
        some.
    cache
        A file that keeps the answers of a slow model: a rerun, also in another process, asks nothing. Answers are kept
        under a fingerprint of the model; one that cannot be told apart by what it holds needs a name:
        ``cache=remote.Cache("answers.db", model="fraud 3")``. A model behind an address has a cache of its own.
    **settings
        Every field of `Settings`.

    Raises
    ------
    InputError
        If an argument does not fit; nothing has been asked of the model by then.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Explainer, Tabular
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> explainer = Explainer(lambda X: 2 * X[:, 0] - X[:, 1], Tabular(X), seed=0)
    >>> [name for name, weight in explainer.explain(X[0]).as_list()][2]
    '...2...'
    """

    def __init__(
        self,
        model: Any,
        modality: Modality | str,
        *,
        output_names: Sequence[str] | None = None,
        cache: str | Path | Cache | None = None,
        **settings: Unpack[SettingsArguments],
    ) -> None:
        refuse_unknown(settings, Settings.names())
        kind: Modality = modality_of_name(modality) if isinstance(modality, str) else modality
        if isinstance(kind, type):
            raise InputError(f"modality: expected a kind of data, got the class {kind.__name__}; call it.")
        if not hasattr(kind, "represent"):
            raise InputError(
                f"modality: expected a kind of data such as Tabular(X_train), got {type(kind).__name__}; "
                "wrap the background: Explainer(model, Tabular(X_train))."
            )
        budget: Any = getattr(kind, "max_samples", None)
        if (whole(budget) or 0) < 1:
            raise InputError(
                f"modality: expected max_samples that is a positive integer, got {budget!r}; leave it out for the "
                "usual number."
            )
        self._settings = Settings(**settings)
        if hasattr(kind, "for_model"):  # a kind of data may ask the model how it reads, as Text(tokens="model") does
            kind = kind.for_model(model)
        self._given = (model, kind, output_names)
        self._lock = Lock()
        self._cache = opened(cache, model)
        self._context = self._new_context()
        columns = self._context.caller.expected
        if columns is not None:
            check_targets(self._settings.targets, columns)
        self._torn = 0
        self._prepared = False

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what was given, and the shared neighborhood; not whose turn it is: the lock comes back free."""
        return {**self.__dict__, "_torn": 0}

    @property
    def settings(self) -> Settings:
        """Return the settings in force, the seed included."""
        return self._settings

    @property
    def modality(self) -> Modality:
        """Return the kind of data."""
        return self._context.modality

    def __repr__(self) -> str:
        """Return what it holds, in one line."""
        names = self._given[2] or self._context.caller.output_names or ()
        shown = ", ".join(map(str, names[:4])) + (", …" if len(names) > 4 else "")
        outputs = f"; outputs {shown}" if names else ""
        held = f"{type(self._given[0]).__name__}, {type(self.modality).__name__}"
        return f"<Explainer of {held}; seed {self.settings.seed}{outputs}>"

    if not TYPE_CHECKING:  # a checker that saw this would let every misspelt name pass

        def __getattr__(self, name: str) -> Any:
            """Answer the names that other libraries have for things."""
            if isinstance(getattr(type(self), name, None), property):  # whose own code has met a missing name
                return object.__getattribute__(self, name)
            raise missing("Explainer", name)

    def explain(self, instance: Any, *, targets: Any = None, **elsewhere: Never) -> Explanation:
        """Return the explanation of the model's prediction for one instance.

        Parameters
        ----------
        instance
            A row, a text, an image, a series: whatever the modality takes.
        targets
            Which outputs to explain, this once: the model is asked anew. None: as the settings say.
        elsewhere
            Refused: what other libraries take here belongs to the settings.

        Raises
        ------
        InputError
            If the instance does not fit; the model has not been asked by then.
        ModelCallError, ModelOutputError
            If the model raises, or answers with something that is not finite numbers.
        """
        refuse_old(elsewhere)
        if targets is not None and targets != self.settings.targets:
            return self.with_settings(targets=targets).explain(instance)
        with self._asking() as context:
            return explain_one(instance, context)

    @overload
    def explain_many(self, instances: Any, *, on_error: Skipping = "raise") -> Iterator[Explanation]: ...

    @overload
    def explain_many(self, instances: Any, *, on_error: Literal["record"]) -> Iterator[Explanation | Failure]: ...

    def explain_many(self, instances: Any, *, on_error: str = "raise") -> Iterator[Any]:
        """Yield the explanations of many instances, in their order, in bounded memory.

        Rows of many instances go to the model in one batch; each explanation is the one that `explain` returns.

        Parameters
        ----------
        instances
            A frame or an array of rows, or any iterable of instances, also an endless one.
        on_error
            What becomes of an instance that does not fit, or that the model does not answer. ``"raise"`` (default)
            raises its error after what comes before it has been yielded; what the model has answered by then is kept,
            so that the next call asks for the rest only. ``"skip"`` leaves it out and warns at the end.
            ``"record"`` yields a `Failure` in its place.

        Raises
        ------
        InputError, ModelCallError, ModelOutputError
            As `explain`; what is finished by then is yielded first. With ``"skip"`` and ``"record"`` only where the
            model answers nothing at all.

        Examples
        --------
        >>> import limelight as ll
        >>> explainer = ll.Explainer(lambda texts: [1.0 / len(text) for text in texts], ll.Text())
        >>> [str(each)[:17] for each in explainer.explain_many(["fine", ""], on_error="record")][1]
        'instance number 1'
        """
        if not isinstance(on_error, str) or on_error not in ON_ERROR:
            raise UnknownNameError("on_error", on_error, ON_ERROR)
        return self._stream(instances, OPEN_AT_ONCE["pool"], on_error)

    def explain_all(self, instances: Any, *, on_error: OnError = "raise") -> Explanations:
        """Return the explanations of many instances as one set, kept as columns in a quarter of the memory of a list.

        Parameters
        ----------
        instances
            As for `explain_many`, and not endless.
        on_error
            As for `explain_many`; what ``"record"`` records are the `failures` of the set.

        Raises
        ------
        InputError, ModelCallError, ModelOutputError
            As `explain`; the `finished` of the error are the explanations that were finished by then.
        """
        if not isinstance(on_error, str) or on_error not in ON_ERROR:
            raise UnknownNameError("on_error", on_error, ON_ERROR)
        failures: list[Failure] = []
        made = Explanations.of(without_failures(self._stream(instances, WITHOUT_WAITING, on_error), failures))
        made.failures = tuple(failures)
        return made

    def estimate_cost(self, instance: Any) -> ExpectedCost:
        """Return the model rows and seconds that explaining an instance is expected to take.

        The instance is looked at once, with few rows; that look is timed, and its standard errors say how many rows
        the asked precision needs. Nothing of it is kept. Where rows are paid for (a model behind an address, a model
        that writes) nothing is asked: the answer is the most that the budget allows, and for an address what the first
        look takes, in requests, tokens and money.

        Parameters
        ----------
        instance
            As for `explain`.
        """
        with self._asking() as context:
            return expect(instance, context)

    def perturb(self, instance: Any, masks: Any = None, *, edits: Sequence[Any] | None = None) -> FloatArray:
        """Return what the model says to changed versions of one instance, (n, k): one column for each output.

        Nothing is fitted or kept: this asks "what if", by the same path by which explaining asks.

        Parameters
        ----------
        instance
            As for `explain`.
        masks
            (n, d) of 0 and 1: which features of a text, an image, a series are kept (1) or hidden (0).
        edits
            Instead of masks. For a table, mappings from columns to new values, the others as in the instance; for
            other kinds of data, whole instances.

        Raises
        ------
        InputError
            If neither or both are given, or one does not fit; nothing has been asked by then.
        ModelCallError, ModelOutputError
            If the model fails.

        Examples
        --------
        >>> import numpy as np
        >>> from limelight import Explainer, Tabular
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> explainer = Explainer(lambda X: 2 * X[:, 0] - X[:, 1], Tabular(X, names=["a", "b"]), seed=0)
        >>> explainer.perturb([1.0, 1.0], edits=[{}, {"a": 3.0}]).ravel().tolist()
        [1.0, 5.0]
        """
        if (masks is None) == (edits is None):
            raise InputError("masks: give either masks, which hide features, or edits=, which change them.")
        with self._asking() as context:
            if edits is None:
                return masked_outputs(instance, masks, context)
            return edited_outputs(instance, edits, context)

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """Return the names of the outputs, in the order of `perturb`; None until the model has been asked."""
        return self._context.caller.output_names

    def with_settings(self, **changes: Unpack[SettingsArguments]) -> Explainer:
        """Return an explainer of the same model and data under changed settings; this one stays as it is.

        Parameters
        ----------
        **changes
            Fields of `Settings`; the others, the seed included, are kept.
        """
        model, modality, output_names = self._given
        kept = {name: getattr(self._settings, name) for name in Settings.names()}
        return Explainer(model, modality, output_names=output_names, cache=self._cache, **{**kept, **changes})

    def prepare(self, n: int | None = None) -> Explainer:
        """Return an explainer of the same model and data that has asked all that instances share: ready to be sent.

        Explaining a row of a table then asks the model for that row, and for values outside the background. No
        explanation depends on it. Pickled, it takes what cannot be computed again: the model, and its answers.

        Parameters
        ----------
        n
            Rows of the shared neighborhood; None, the default, asks for its budget (`Settings.max_samples`, else the
            modality's 16,384), so that no worker ever needs more. Fewer for a model whose rows cost money.

        Raises
        ------
        InputError
            If `n` is given where instances share nothing: texts, images, ``fresh=True``, ``contrast="value"``.
        ModelCallError, ModelOutputError
            If the model fails.

        Examples
        --------
        >>> import numpy as np
        >>> from limelight import Explainer, Tabular
        >>> X = np.random.default_rng(0).normal(size=(200, 3))
        >>> explainer = Explainer(lambda X: 2 * X[:, 0] - X[:, 1], Tabular(X), seed=0)
        >>> ready = explainer.prepare()
        >>> ready.explain(X[0]).provenance.cost.model_rows
        2
        >>> ready.explain(X[0]) == explainer.explain(X[0])
        True
        """
        ready = self.with_settings()
        with ready._asking() as context:
            prepare(context, n)
            context.caller.rows = context.caller.calls = 0
            context.caller.seconds = 0.0
        ready._prepared = True
        return ready

    @property
    def prepared(self) -> bool:
        """Whether this is what `prepare` returned."""
        return self._prepared

    @property
    def fingerprint(self) -> str:
        """Return 32 letters that are equal for explainers which give equal explanations, as far as is known.

        They stand for the settings, the kind of data and its background, and what the model has answered to the shared
        neighborhood: of an explainer that is not prepared, nothing.
        """
        with self._asking() as context:
            return short(fingerprint(context))

    def _stream(self, instances: Any, rows: int, on_error: str) -> Iterator[Any]:
        """Return the explanations of instances, so many rows of a table open at a time."""
        many = self.modality.instances(instances)
        total = len(many) if hasattr(many, "__len__") else None
        return OneByOne(progress(self._each(many, rows, on_error), total=total), self._lock)

    def _each(self, instances: Iterable[Any], rows: int, on_error: str) -> Generator[Explanation | Failure, None, None]:
        """Yield explanations, taking the turn for each of them and lending it while an instance is made."""
        skipped: list[Failure] = []
        with self._asking() as context:
            stream = explain_stream(Lent(instances, self._lock), context, on_error, rows=rows)
        question = Repeats()
        try:
            while True:
                with self._asking(question):
                    made = next(stream, None)
                if made is None:
                    break
                if on_error == "skip" and isinstance(made, Failure):
                    skipped.append(made)
                else:
                    yield made
        finally:
            stream.close()
        if skipped:
            plural = "1 instance was" if len(skipped) == 1 else f"{len(skipped)} instances were"
            warnings.warn(f"{plural} skipped; {skipped[0]}", stacklevel=outside())

    @contextmanager
    def _asking(self, question: Repeats | None = None) -> Iterator[Context]:
        """Let this thread alone change what is kept between calls, inside the block, but while the model answers."""
        with self._lock.taken(IN_THE_MODEL):
            if self._torn != self._lock.torn:
                # forked while another thread changed what is kept: it may be half changed, so it is made anew
                self._torn = self._lock.torn
                self._context = self._new_context()
            with within(question or Repeats()):
                yield self._context

    def _new_context(self) -> Context:
        """Return a context in which nothing has been asked."""
        model, modality, output_names = self._given
        size, most = self._settings.batch_size, self._settings.max_in_flight
        caller = Caller(
            model, output_names=output_names, batch_size=size, cache=self._cache, max_in_flight=most, lock=self._lock
        )
        return Context(self._settings, modality, caller)
