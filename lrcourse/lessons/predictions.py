"""Questions that a learner answers before the measurement."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from lrcourse.base import tell

# By question, and not in the Prediction, so that a cell run again forgets neither the answer nor what was measured.
_committed: dict[str, str] = {}
_measured: dict[str, str] = {}


class Prediction:
    """A question with choices, which the learner answers before the measurement. Made by ``predict``."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        """Keep the question; an answer given earlier in this session stands."""
        self.question, self.choices = question, list(choices)
        self._measured_now: Callable[[], None] = lambda: None  # tells the buttons, if there are any

    @property
    def chosen(self) -> str | None:
        """The learner's choice, or ``None`` before one was made of those that there are now."""
        answer = _committed.get(self.question)
        return answer if answer in self.choices else None

    def check(self, measured: str) -> None:
        """Print the prediction beside what was measured.

        Raises:
            ValueError: ``measured`` is not one of the choices.
        """
        if measured not in self.choices:
            raise ValueError(f"measured must be one of the choices {self.choices}, got {measured!r}")
        _measured[self.question] = measured
        self._measured_now()
        if self.chosen is None:
            tell(f"You made no prediction. Measured: {measured}")
        elif self.chosen == measured:
            tell(f"You predicted it: {measured}\n{_tally()}")
        else:
            tell(f"You predicted: {self.chosen}\nMeasured:      {measured}\nRead on to see why. {_tally()}")

    def verdict(self) -> str:
        """Return where this prediction stands, in one line."""
        measured = _measured.get(self.question)
        if self.chosen is None:
            after = "It is measured already, but try." if measured else "Run the next cells to see."
            return f"Choose, then commit. {after}"
        if measured is None:
            return "Noted. Run the next cells to see."
        if self.chosen == measured:
            return f"✓ You predicted what was measured. {_tally()}"
        return f"✗ Measured: {measured}. Read on to see why. {_tally()}"

    def __str__(self) -> str:
        """The question as text, for pages on which nothing can be clicked."""
        return "\n".join([self.question, *(f"  ( ) {choice}" for choice in self.choices)])


def _tally() -> str:
    right = [_committed[question] == measured for question, measured in _measured.items() if question in _committed]
    return f"So far you predicted {sum(right)} of {len(right)}."


def predict(question: str, choices: Sequence[str]) -> Prediction:
    """Ask the learner to commit to an answer, and return what ``check`` later shows beside the result.

    In a notebook it shows buttons; elsewhere, such as on a web page of the notebook, the question as text.

    Raises:
        ValueError: fewer than two choices, or one stands twice.
        TypeError: the choices are one text instead of a list.

    >>> prediction = predict("Is 2 + 2 = 4?", ["yes", "no"])
    Is 2 + 2 = 4?
      ( ) yes
      ( ) no
    >>> prediction.check("yes")
    You made no prediction. Measured: yes
    """
    if isinstance(choices, str):
        raise TypeError(f"choices must be a list of texts, got the text {choices!r}: put each choice into the list")
    if len(set(choices)) < max(2, len(choices)):
        raise ValueError(f"choices must be two or more different texts, got {list(choices)}")
    prediction = Prediction(question, choices)
    from IPython import get_ipython

    if get_ipython() is None:
        tell(prediction)
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
    note = widgets.HTML()

    def show() -> None:
        radio.disabled = commit.disabled = prediction.chosen is not None
        note.value = f'<span role="status">{html.escape(prediction.verdict())}</span>'  # read out when it changes

    def on_commit(_: object) -> None:
        if radio.value is not None and prediction.chosen is None:
            _committed[prediction.question] = radio.value
            show()

    commit.on_click(on_commit)
    prediction._measured_now = show
    show()
    return widgets.VBox([widgets.HTML(f"<b>{html.escape(prediction.question)}</b>"), radio, commit, note])
