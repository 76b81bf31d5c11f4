"""Sentences that are checked: the course's claims, and the predictions that a learner commits to."""

from __future__ import annotations

import math
from collections.abc import Sequence

_committed: dict[str, str] = {}  # by question, so that a cell run again does not forget the answer


def expect(claim: str, holds: object) -> None:
    """Print ``✓ claim`` if the claim holds, and stop the notebook if it does not.

    Args:
        claim: the sentence, in the words of the explanation it belongs to.
        holds: the measurement: a ``bool``, or a NumPy or torch value with one truth value.

    Raises:
        AssertionError: the claim does not hold; its message is the claim.
        TypeError: ``holds`` is not a truth value. A list, a function or a string is always true, so a
            claim on it would check nothing.

    >>> expect("one half and one half make one", 0.5 + 0.5 == 1)
    ✓ one half and one half make one
    """
    one_bool = str(getattr(holds, "dtype", "")).endswith("bool") and math.prod(holds.shape) == 1
    if not (isinstance(holds, bool) or one_bool):
        raise TypeError(f"holds must be True or False, got {holds!r}: compare it with something")
    if not bool(holds):
        raise AssertionError(claim)
    print(f"✓ {claim}")


class Prediction:
    """A question with choices, which the learner answers before the measurement. Made by ``predict``."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        """Keep the question; an answer given earlier in this session stands."""
        self.question, self.choices = question, list(choices)

    @property
    def chosen(self) -> str | None:
        """The learner's choice, or ``None`` before one was made."""
        return _committed.get(self.question)

    def check(self, measured: str) -> None:
        """Print the prediction beside what was measured.

        Raises:
            ValueError: ``measured`` is not one of the choices.
        """
        if measured not in self.choices:
            raise ValueError(f"measured must be one of the choices {self.choices}, got {measured!r}")
        if self.chosen is None:
            print(f"You made no prediction. Measured: {measured}")
        elif self.chosen == measured:
            print(f"You predicted it: {measured}")
        else:
            print(f"You predicted: {self.chosen}\nMeasured:      {measured}\nRead on to see why.")

    def __str__(self) -> str:
        """The question as text, for pages on which nothing can be clicked."""
        return "\n".join([self.question, *(f"  ( ) {choice}" for choice in self.choices)])


def predict(question: str, choices: Sequence[str]) -> Prediction:
    """Ask the learner to commit to an answer, and return what ``check`` later shows beside the result.

    In a notebook it shows buttons; elsewhere, such as on a web page of the notebook, the question as text.

    Raises:
        ValueError: fewer than two choices, or one stands twice.

    >>> prediction = predict("Is 2 + 2 = 4?", ["yes", "no"])
    Is 2 + 2 = 4?
      ( ) yes
      ( ) no
    >>> prediction.check("yes")
    You made no prediction. Measured: yes
    """
    if len(set(choices)) < max(2, len(choices)):
        raise ValueError(f"a prediction needs two or more different choices, got {list(choices)}")
    prediction = Prediction(question, choices)
    from IPython import get_ipython

    if get_ipython() is None:
        print(prediction)
    else:
        from IPython.display import display

        bundle = _buttons(prediction)._repr_mimebundle_()
        display({**bundle, "text/plain": str(prediction)}, raw=True)
    return prediction


def _buttons(prediction: Prediction) -> object:
    import ipywidgets as widgets

    whole = widgets.Layout(width="max-content")  # the default would cut long choices off
    radio = widgets.RadioButtons(options=prediction.choices, value=prediction.chosen, layout=whole)
    commit = widgets.Button(description="This is my prediction", button_style="primary", layout=whole)
    note = widgets.Label("Choose, then commit. Run the next cells to see.")

    def show() -> None:
        made = prediction.chosen is not None
        radio.disabled = commit.disabled = made
        if made:
            note.value = "Noted. Run the next cells to see."

    def on_commit(_: object) -> None:
        if radio.value is not None:
            _committed.setdefault(prediction.question, radio.value)
            show()

    commit.on_click(on_commit)
    show()
    return widgets.VBox([widgets.HTML(f"<b>{prediction.question}</b>"), radio, commit, note])
