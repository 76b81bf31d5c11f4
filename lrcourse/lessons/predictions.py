"""Questions that a learner answers before the measurement."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from lrcourse.base import now, recall, remember, tell

# What was answered and measured is remembered by question, and not in the Prediction: a cell that runs again forgets
# neither, and on a learner's desk another day does not either.


class Prediction:
    """A question with choices, which the learner answers before the measurement. Made by ``predict``."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        """Keep the question; an answer given earlier stands."""
        self.question, self.choices = question, list(choices)
        self._measured_now: Callable[[], None] = lambda: None  # tells the buttons, if there are any

    @property
    def chosen(self) -> str | None:
        """The learner's choice, or ``None`` before one was made of those that there are now."""
        return self._known("choice")

    @property
    def measured(self) -> str | None:
        """What was measured, or ``None`` before it was."""
        return self._known("measured")

    def _known(self, fact: str) -> str | None:
        answer = recall("predictions").get(self.question, {}).get(fact)
        return answer if answer in self.choices else None

    def commit(self, choice: str) -> str:
        """Make ``choice`` the answer, which cannot be changed then; return what the learner should know, or ""."""
        if choice not in self.choices or self.chosen is not None:
            return ""
        return remember("predictions", self.question, choice=choice, when=now())

    def check(self, measured: str) -> None:
        """Print the prediction beside what was measured.

        Raises:
            ValueError: ``measured`` is not one of the choices.
        """
        if measured not in self.choices:
            raise ValueError(f"measured must be one of the choices {self.choices}, got {measured!r}")
        words = remember("predictions", self.question, measured=measured)
        self._measured_now()
        if self.chosen is None:
            tell(f"You made no prediction. Measured: {measured}")
        elif self.chosen == measured:
            tell(f"You predicted it: {measured}\n{_tally()}")
        else:
            tell(f"You predicted: {self.chosen}\nMeasured:      {measured}\nRead on to see why. {_tally()}")
        if words:
            tell(words)

    def verdict(self) -> str:
        """Return where this prediction stands, in one line."""
        if self.chosen is None:
            after = "It is measured already, but try." if self.measured else "Run the next cells to see."
            return f"Choose, then commit. {after}"
        if self.measured is None:
            return "Noted. Run the next cells to see."
        if self.chosen == self.measured:
            return f"✓ You predicted what was measured. {_tally()}"
        return f"✗ Measured: {self.measured}. Read on to see why. {_tally()}"

    def __str__(self) -> str:
        """The question as text, for pages on which nothing can be clicked."""
        return "\n".join([self.question, *(f"  ( ) {choice}" for choice in self.choices)])


def _tally() -> str:
    both = [facts for facts in recall("predictions").values() if "measured" in facts and "choice" in facts]
    right = [facts["choice"] == facts["measured"] for facts in both]
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

    from lrcourse.base import Reachable

    whole = widgets.Layout(width="max-content")  # the default would cut long choices off
    question = widgets.HTML(f'<b class="lrcourse-question">{html.escape(prediction.question)}</b>')
    radio = widgets.RadioButtons(options=prediction.choices, value=prediction.chosen, layout=whole)
    commit = widgets.Button(description="This is my prediction", button_style="primary", layout=whole)
    note = widgets.HTML().add_class("lrcourse-said")

    def show(words: str = "") -> None:
        radio.disabled = commit.disabled = prediction.chosen is not None
        note.value = html.escape(f"{prediction.verdict()} {words}".strip())

    def on_commit(_: object) -> None:
        if radio.value is None:
            return show("Nothing is chosen yet.")
        words = prediction.commit(radio.value)
        radio.value = prediction.chosen  # which another kernel may have been told before
        return show(words)

    commit.on_click(on_commit)
    prediction._measured_now = show
    show()
    return widgets.VBox([question, radio, commit, note, Reachable()])
