"""What opens a door: what is unpickled or run, what knows the network, where JupyterLab listens, what is written."""

import ast
import json
import re

import nbformat
import pytest
from jupyter_server.auth import PasswordIdentityProvider
from jupyter_server.serverapp import ServerApp
from test_environment import ROOT
from test_notebooks import NOTEBOOKS

from lrcourse.desk.lab import SETTINGS, command

PACKAGE = sorted((ROOT / "lrcourse").rglob("*.py"))
each_module = pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
RUNS_WHAT_IT_READS = {"pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "eval", "exec", "compile"}
WRITES = {"open", "save", "savez", "savefig", "tofile", "dump", "to_csv", "to_pickle", "write_text", "write_bytes"}
WRITES |= {"mkdir", "makedirs", "mkdtemp", "mkstemp", "touch", "rename", "unlink", "rmtree", "urlretrieve", "fetch"}
KEEPS = {"checkpoint", "results"}  # arguments of fit and sweep that name a file


def calls(source):
    """Yield the name of each function called, and the call."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keywords(call):
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def cells(path):
    return [cell.source for cell in nbformat.read(ROOT / path, as_version=4).cells if cell.cell_type == "code"]


def dangerous(source, *, named_weights_only):
    """Return the calls that could run what somebody has put into a file."""
    found = []
    for name, call in calls(source):
        given = keywords(call)
        if name in RUNS_WHAT_IT_READS or given.get("allow_pickle", "False") != "False":
            found.append(name)
        if name == "torch.load" and given.get("weights_only", str(not named_weights_only)) != "True":
            found.append(name)
        if given.get("shell", "False") != "False" or name in ("os.system", "os.popen"):
            found.append(name)
    return found


@each_module
def test_nothing_is_unpickled_and_no_text_is_run(path):
    # torchvision unpickles the batches of CIFAR-10, after sources.py has compared their md5.
    assert dangerous(path.read_text(encoding="utf-8"), named_weights_only=True) == []


@each_notebook
def test_no_notebook_unpickles_what_it_reads(path):
    # Since torch 2.6, weights_only=True is the default.
    assert [name for source in cells(path) for name in dangerous(source, named_weights_only=False)] == []


@pytest.mark.parametrize(
    "source",
    [
        "pickle.load(file)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(command, shell=True)",
        "eval(text)",
    ],
)
def test_a_danger_is_seen(source):
    assert dangerous(source, named_weights_only=True)


@each_module
def test_only_fetch_knows_the_network(path):
    imported = re.findall(r"^\s*(?:import|from) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert path.stem == "download" or not {"urllib", "http", "socket", "requests", "ftplib", "httpx"} & set(imported)


@each_notebook
def test_a_notebook_writes_only_into_memory_or_build(path):
    for source in cells(path):
        assert not re.search(r"^\s*[!%]", source, re.MULTILINE)
        for name, call in calls(source):
            places = [value for key, value in keywords(call).items() if key in KEEPS]
            if name.rpartition(".")[2] in WRITES:
                arguments = [ast.unparse(argument) for argument in call.args]
                places.append(arguments[-1] if arguments else "")
            for place in places:
                in_memory = any(
                    re.search(rf"^{re.escape(place)} = io\.BytesIO\(\)", cell, re.M) for cell in cells(path)
                )
                assert in_memory or re.match(r"""f?['"](\.\./)?build/""", place), f"{name} writes to {place}"


def test_make_lab_leaves_jupyterlab_on_this_machine_and_behind_its_token(tmp_path):
    recipe = re.search(r"^lab:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert recipe == "\t$(BIN)/lrcourse lab $(DESK) -- $(ARGS)\n"
    options = [option for option in command(tmp_path) if option.startswith("--")]
    own = {"--ServerApp.root_dir", "--LabApp.default_url", "--allow-root"}  # no --ip, no token set
    assert {option.partition("=")[0] for option in options} <= own
    (settings,) = (path for path in SETTINGS.rglob("*") if path.is_file())  # no .py, which JupyterLab would run
    assert json.loads(settings.read_bytes())["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert not [*ROOT.glob("jupyter_*"), *(ROOT / "notebooks").glob("jupyter_*")]
    app = ServerApp()
    assert app.ip == "localhost" and not app.allow_remote_access and not app.disable_check_xsrf
    guard = PasswordIdentityProvider()
    assert len(guard.token) >= 40 and guard.auth_enabled
