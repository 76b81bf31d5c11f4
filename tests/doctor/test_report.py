"""Doctor names what is wrong and what to do, and goes on whatever is wrong."""

import os
import subprocess
import sys

import pytest

from lrcourse.cli import main
from lrcourse.doctor import installed, machine, report, surroundings
from lrcourse.doctor.report import CHECKS


@pytest.fixture
def told(capsys):
    """Run doctor; return its exit status and its lines."""

    def run():
        status = main(["doctor"])
        return status, capsys.readouterr().out.splitlines()

    return run


def test_where_all_is_well_it_says_so(told):
    status, lines = told()
    assert status == 0 and lines[-1] == "The course can run here."
    assert not [line for line in lines if line.startswith(("PROBLEM", "DISTURBS"))]


ERRORS = [RuntimeError("out of order"), OSError(5, "Input/output error"), SystemExit(3), UnicodeEncodeError]
ERRORS[-1] = UnicodeEncodeError("ascii", "ß", 0, 1, "ordinal not in range")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("number", range(len(CHECKS)), ids=[check.__name__ for check in CHECKS])
def test_a_fault_in_one_check_is_told_and_the_others_are_made(number, error, told, monkeypatch):
    made = []

    def quiet(check):
        return lambda there: made.append(check)

    def fails(there):
        raise error

    fails.__name__ = CHECKS[number].__name__
    checks = [fails if i == number else quiet(check) for i, check in enumerate(CHECKS)]
    monkeypatch.setattr(report, "CHECKS", checks)
    status, lines = told()
    name = fails.__name__.replace("_", " ")
    assert status == 0 and len(made) == len(CHECKS) - 1
    assert lines == [
        f"DISTURBS     {name}: this could not be looked at. {type(error).__name__}: {error}",
        f"The course can run here, but see above what disturbs it: {name}.",
    ]


# Whatever a check stands on may fail: what is named here is replaced by a function that does.
STANDS_ON = [
    "importlib.metadata.version",
    "importlib.metadata.requires",
    "tomllib.loads",
    "platform.python_version",
    "packaging.requirements.Requirement.__init__",
    "jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec",
    "jupyter_core.paths.jupyter_path",
    "jupyter_core.paths.jupyter_config_path",
    "json.loads",
    "IPython.paths.get_ipython_dir",
    "traitlets.config.loader.PyFileConfigLoader.load_config",
    "matplotlib.get_configdir",
    "matplotlib.rc_params_from_file",
    "pathlib.Path.is_file",
    "pathlib.Path.is_dir",
    "pathlib.Path.glob",
    "os.path.realpath",
    "torch.get_num_threads",
    "torch.cuda.is_available",
    "psutil.virtual_memory",
    "shutil.disk_usage",
    "lrcourse.images.find_cifar10",
    "lrcourse.images.load_pool",
    "lrcourse.images.cache_dir",
    "lrcourse.images.entries_not_whole",
    "lrcourse.images.hint",
    "lrcourse.base.versions.note",
]


@pytest.mark.parametrize("name", STANDS_ON)
def test_whatever_a_check_stands_on_may_fail(name, told, monkeypatch, tmp_path):
    def fails(*args, **kwargs):
        raise RuntimeError(f"{name} is out of order")

    # So that each check has something to look at.
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_config.py").write_text("")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setattr(name, fails)
    status, lines = told()
    assert status in (0, 1) and lines[-1].startswith("The course can")
    assert len(lines) > 5


@pytest.mark.parametrize("module", ["torch", "torchvision", "jupyter_client", "IPython", "matplotlib", "psutil"])
def test_a_module_that_is_missing_is_told_with_what_to_do(module, told, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, module, None)
    status, lines = told()
    assert status == 1 and lines[-1] == "The course cannot run here yet."
    assert [line for line in lines if line.startswith("PROBLEM") and module in line]


# Python alone, as after `pip install --no-deps`: neither a package nor its metadata is there.
BARE = """
import sys
sys.path = [path for path in sys.path if "site-packages" not in path] + [{here!r}]
from lrcourse.cli import main
sys.exit(main(["doctor"]))
"""


def test_without_any_package_doctor_tells_which_are_missing(tmp_path):
    here = os.path.dirname(installed.HERE)
    command = [sys.executable, "-I", "-S", "-c", BARE.format(here=here)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr == ""
    assert "PROBLEM      packaging is missing: pip install packaging" in done.stdout
    assert done.stdout.endswith("The course cannot run here yet.\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_doctor_speaks_on_any_console(encoding, tmp_path):
    env = {**os.environ, "PYTHONIOENCODING": encoding, "LRCOURSE_CACHE": str(tmp_path / "Größe 日本")}
    command = [sys.executable, "-c", "import sys; from lrcourse.cli import main; sys.exit(main(['doctor']))"]
    done = subprocess.run(command, env=env, capture_output=True)
    assert done.returncode == 0 and done.stdout.count(b"cache  ") == 1 and b"The course can run" in done.stdout


def test_every_check_is_made():
    functions = {one for module in (installed, surroundings, machine) for one in vars(module).values() if callable(one)}
    taking_a_report = {one for one in functions if getattr(one, "__annotations__", {}).get("report") == "Report"}
    assert set(CHECKS) == taking_a_report and len(CHECKS) == len(set(CHECKS)) > 10
