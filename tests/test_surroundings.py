"""What a person has set for Python, IPython, matplotlib and Jupyter does not reach the kernels of the tests."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from test_environment import ROOT

from lrcourse.base import DISTURBING, setting

PROBE = """
import json, locale, os, sys, warnings
import matplotlib
import matplotlib.pyplot as plt
seen = {name: os.environ.get(name) for name in WATCHED}
seen |= {"executable": sys.executable, "backend": matplotlib.get_backend(), "optimize": sys.flags.optimize}
seen |= {"filters": [f[0] for f in warnings.filters if f[0] == "error"], "mine": "mine" in globals()}
seen |= {key: matplotlib.rcParams[key] for key in ("savefig.dpi", "text.usetex", "axes.facecolor")}
seen |= {"interactivity": get_ipython().ast_node_interactivity, "extensions": "autoreload" in sys.modules}
with open("seen.json", "w", encoding="utf-8") as file:
    json.dump(seen, file)
"""
WATCHED = [*DISTURBING, "PYTHONIOENCODING", "LRCOURSE_CIFAR10", "LRCOURSE_PROGRESS", "LC_ALL", "OMP_WAIT_POLICY"]


def hostile(home):
    """Return the environment of somebody who has set everything that one can set."""
    files = {
        ".ipython/profile_default/ipython_config.py": "c = get_config()\n"
        "c.InteractiveShell.ast_node_interactivity = 'all'\nc.InteractiveShellApp.extensions = ['autoreload']\n",
        ".ipython/profile_default/startup/mine.py": "mine = 1\nprint('mine')\n",
        "startup.py": "mine = 2\n",
        "matplotlibrc": "savefig.dpi: 300\ntext.usetex: True\nbackend: svg\naxes.facecolor: black\n",
        "jupyter/kernels/python3/kernel.json": json.dumps(
            {"argv": ["/nowhere/python", "-f", "{connection_file}"], "display_name": "mine", "language": "python"}
        ),
        "config/jupyter_server_config.py": "raise SystemExit",
    }
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content, encoding="utf-8")
    (home / "config" / "matplotlib").mkdir()
    (home / "config" / "matplotlib" / "matplotlibrc").write_text(files["matplotlibrc"])
    own = {"IPYTHONDIR": ".ipython", "PYTHONSTARTUP": "startup.py", "MATPLOTLIBRC": "matplotlibrc"}
    own |= {"JUPYTER_PATH": "jupyter", "JUPYTER_CONFIG_DIR": "config", "XDG_CONFIG_HOME": "config"}
    own = {name: str(home / path) for name, path in own.items()}
    own |= {"MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore", "PYTHONIOENCODING": "cp1252", "PYTHONOPTIMIZE": "1"}
    own |= {"LC_ALL": "C", "LANG": "tr_TR.ISO-8859-9", "FORCE_COLOR": "1", "LRCOURSE_PROGRESS": "1"}
    kept = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "PYTHONUTF8")}
    return kept | own


@pytest.fixture
def notebook(tmp_path):
    """A notebook that writes down what it sees, and prints a check mark."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = [
        nbformat.v4.new_code_cell(f"WATCHED = {WATCHED}\n{PROBE}"),
        nbformat.v4.new_code_cell("1\nprint('✓')\ntwo = 2"),
    ]
    cells[1].execution_count = 2
    cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="✓\n")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "seen.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    (tmp_path / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nbval -p no:cacheprovider\n")
    (tmp_path / "images").mkdir()
    return path


TOOL = f"""
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("notebooks", {str(ROOT / "tools" / "notebooks.py")!r})
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
tool.ROOT = pathlib.Path.cwd()
tool.NOTEBOOKS = [pathlib.Path("notebooks/seen.ipynb").resolve()]
sys.argv = ["notebooks.py", "html"]
sys.exit(tool.main())
"""
COMMANDS = {"the tests": ["-m", "pytest", "-q", "notebooks/seen.ipynb"], "make run": ["-c", TOOL]}


@pytest.mark.parametrize("who", COMMANDS)
def test_kernels_are_as_on_any_machine(who, notebook, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    env = hostile(home) | {"LRCOURSE_CIFAR10": "images"}
    command = [sys.executable, *COMMANDS[who]]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads((notebook.parent / "seen.json").read_text(encoding="utf-8"))
    assert {seen[name] for name in DISTURBING if name != "MPLBACKEND"} == {None}
    assert os.path.samefile(os.path.dirname(seen["executable"]), os.path.dirname(sys.executable))
    assert "inline" in seen["MPLBACKEND"] and "inline" in seen["backend"]
    assert seen["interactivity"] == "last_expr" and not seen["extensions"] and not seen["mine"]
    assert [seen["savefig.dpi"], seen["text.usetex"], seen["axes.facecolor"]] == ["figure", False, "white"]
    assert seen["LRCOURSE_CIFAR10"] == str((tmp_path / "images").resolve())  # whole: kernels run elsewhere
    assert seen["LRCOURSE_PROGRESS"] == "0" and seen["OMP_WAIT_POLICY"] == "PASSIVE"
    assert seen["PYTHONIOENCODING"] is None
    assert seen["LC_ALL"] == "C" and seen["optimize"] == 0  # a locale may stay


def test_this_process_has_settled():
    assert not [name for name in DISTURBING if os.environ.get(name)]
    assert setting("LRCOURSE_PROGRESS") == "0"
    assert os.path.getsize(os.environ["MATPLOTLIBRC"]) == 0
