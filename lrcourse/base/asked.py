"""What a notebook asks, in its predictions and its exercises, and how much of it is answered."""

from __future__ import annotations

import ast
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path


def read_cells(notebook: str | os.PathLike) -> list[dict]:
    """Return the cells of a notebook as JSON has them, each with its source as one text; [] if it cannot be read."""
    try:
        cells = json.loads(Path(notebook).read_bytes())["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def questions_in(source: str) -> list[str]:
    """Return the questions that a code cell asks with ``predict``.

    >>> questions_in("first = predict('Why?', ['so', 'because'])")
    ['Why?']
    """
    calls = [call for call in _calls(source) if _name(call) == "predict" and call.args]
    texts = (arg.value for arg in (call.args[0] for call in calls) if isinstance(arg, ast.Constant))
    return [text for text in texts if isinstance(text, str)]


def checks_in(source: str) -> dict[str, range]:
    """Return the calls that check an exercise, written in one way, and the lines that each of them stands on.

    >>> checks_in("check_number( 3,measure )")
    {'check_number(3, measure)': range(1, 2)}
    """
    calls = [call for call in _calls(source) if _name(call).startswith("check_")]
    return {ast.unparse(call): range(call.lineno, (call.end_lineno or call.lineno) + 1) for call in calls}


def count_answered(cells: list[dict], lesson: str, answers: dict[str, dict[str, dict]]) -> dict[str, int]:
    """Return how many questions and exercises the cells have, and how many of them are answered, made, and right."""
    questions = dict.fromkeys(question for cell in cells for question in questions_in(cell["source"]))
    checks = dict.fromkeys(check for cell in cells for check in checks_in(cell["source"]))
    answered = [answers["predictions"].get(question, {}) for question in questions]
    made = [facts for facts in answered if facts.get("choice") is not None]
    return {
        "right": sum(facts["choice"] == facts.get("measured") for facts in made),
        "made": len(made),
        "questions": len(questions),
        "passed": sum("passed" in answers["exercises"].get(f"{lesson} {check}", {}) for check in checks),
        "exercises": len(checks),
    }


def _calls(source: str) -> Iterator[ast.Call]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that Python does not know
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a learner is at it, or it has magics of IPython
        return iter(())
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", "")  # torch has methods that begin with check_
