import ast
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrcourse
from lrcourse import expect
from lrcourse.base import tell

PACKAGE = Path(lrcourse.__file__).parent
ENCODINGS = ["utf-8", "cp1252", "ascii", "latin-1", "cp437", "cp949", "iso8859-9", "mac_roman", "utf-16"]


def printed(text, encoding):
    """Return what a console of that encoding gets."""
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", console)
        tell(text)
        console.flush()
    return console.buffer.getvalue().decode(encoding)


# Of all of Unicode, also the halves of pairs that stand for a byte of a file's name that is no text.
anything = st.text(st.characters(codec=None) | st.sampled_from("✓✗äß€σ日\udcff\n"))


def written(sign, encoding):
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return {"✓": "ok", "✗": "no"}.get(sign) or sign.encode("ascii", "backslashreplace").decode()
    return sign


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=anything)
def test_any_text_is_printed_on_any_console(encoding, text):
    assert printed(text, encoding) == "".join(written(sign, encoding) for sign in text) + "\n"


def test_a_mark_that_the_console_lacks_is_a_word():
    assert printed("✓ größer", "cp1252") == "ok größer\n"
    assert printed("✗ σ is größer", "ascii") == "no \\u03c3 is gr\\xf6\\xdfer\n"
    assert printed("✓ größer", "utf-8") == "✓ größer\n"


def test_without_a_console_nothing_is_printed(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw
    tell("✓ one is one")
    expect("one is one", True)


def prints(source):
    """Return the calls of print that go to standard output: standard error takes everything on any console."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    texts = [ast.unparse(call) for call in calls if ast.unparse(call.func) == "print"]
    return [text for text in texts if not text.endswith(", file=sys.stderr)")]


def test_nothing_else_of_lrcourse_prints():
    assert prints("print(1); print(2, file=sys.stderr)") == ["print(1)"]
    found = {path.relative_to(PACKAGE).as_posix(): prints(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
    assert {name: calls for name, calls in found.items() if calls} == {"base/console.py": ["print(text)"]}
