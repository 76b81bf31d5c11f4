"""What doctor names, one thing at a time, each with the step to take."""

import importlib.metadata
import json
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import psutil
import pytest
import torch
from pictures import write_folders
from test_environment import project

from lrcourse.base import OPENMP
from lrcourse.base.versions import TORCH
from lrcourse.cli import main
from lrcourse.doctor import installed, machine, surroundings


@pytest.fixture
def told(capsys, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            status = main(["doctor"])
        return status, capsys.readouterr().out

    return run


@pytest.fixture
def versions(monkeypatch):
    """Let packages be there in other versions, or not at all."""
    others, there = {}, importlib.metadata.version

    def version(name):
        found = others.get(name, "")
        if found is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found or there(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    return others


def runs(told, *words):
    """Check that the course can run, and that a line holds the words; return what the last line names."""
    status, out = told()
    assert status == 0
    for word in words:
        assert word in out
    return out.splitlines()[-1].removeprefix("The course can run here").strip(",.").removeprefix(" but see above ")


def cannot_run(told, *words):
    status, out = told()
    assert status == 1 and out.endswith("The course cannot run here yet.\n")
    for word in words:
        assert f"PROBLEM      {word}" in out


def test_each_package_is_told_with_its_version(told):
    out = told()[1]
    for name in ("torch", "torchvision", "numpy", "pandas", "joblib", "jupyterlab"):
        assert f"{name:<12} {importlib.metadata.version(name)}\n" in out


def test_what_is_needed_is_known_with_and_without_a_clone(tmp_path, monkeypatch):
    def names(group):
        return {requirement.name for requirement in installed._wanted(group)}

    assert names("dependencies") == {line.partition(">")[0] for line in project["dependencies"]}
    tests = names("test")
    monkeypatch.setattr(installed, "HERE", tmp_path / "site-packages" / "lrcourse")
    assert {"torch", "pandas", "joblib"} <= names("dependencies") and not names("dependencies") & tests
    assert {"nbval", "pytest"} <= names("test")  # as it was when it was installed


@pytest.mark.parametrize("name", ["torch", "pandas", "joblib", "filelock", "tqdm"])
def test_a_package_that_is_missing(name, told, versions):
    versions[name] = None
    cannot_run(told, f"{name} is missing: pip install {name}")


@pytest.mark.parametrize("name, old", [("torch", "2.8.0"), ("pandas", "1.5.3"), ("ipywidgets", "7.8.5")])
def test_a_package_that_is_too_old(name, old, told, versions):
    versions[name] = old
    wanted = next(line for line in project["dependencies"] if line.partition(">")[0] == name)
    cannot_run(told, f'{name} {old} is not {wanted.removeprefix(name)}: pip install "{wanted}"')


@pytest.mark.parametrize("new", ["2.15.0.dev20261101+cpu", "3.0rc1", "2.14.1+cpu"])
def test_a_newer_torch_is_none_too_old(new, told, versions, monkeypatch):
    versions["torch"] = new
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: [])
    assert f"torch        {new}" in told()[1] and told()[0] == 0


def test_a_package_whose_metadata_is_damaged(told, monkeypatch):
    there = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: None if name == "tqdm" else there(name))
    cannot_run(told, "tqdm is damaged: pip install --force-reinstall tqdm")


def test_a_package_of_the_tests_that_is_missing_hinders_no_lesson(told, versions):
    versions["nbval"] = None
    assert runs(told, "nbval is missing: pip install nbval (the lessons run without, the tests do not)") == ""


def test_torch_and_torchvision_that_do_not_go_together(told, versions, monkeypatch):
    versions["torch"] = "2.13.0"
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy", "torch==2.14.1"])
    here = versions["torchvision"] = "0.29.1"
    cannot_run(told, f"torchvision {here} was built for torch==2.14.1, here is 2.13.0: install the pair in")
    versions["torch"] = "2.14.1+cpu"
    assert told()[0] == 0


def test_torch_that_does_not_load(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    cannot_run(told, "torch and torchvision do not load together (ModuleNotFoundError: ")


def test_another_torch_than_the_verified_one(told, versions):
    versions["torch"] = "2.9.0+cpu"
    assert f"note         lrcourse was verified with torch {TORCH}, here is 2.9.0+cpu." in told()[1]


def test_a_python_that_is_too_old(told, monkeypatch):
    monkeypatch.setattr(installed.platform, "python_version", lambda: "3.10.9")
    cannot_run(told, f"Python 3.10.9 is not {project['requires-python']}: install another one")


@pytest.mark.parametrize("name", ["lrcourse/__init__.py", "lrcourse.py"])
def test_another_lrcourse(name, told, tmp_path, monkeypatch):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert runs(told, f"{path} is another lrcourse") == "what disturbs it: another lrcourse"
    monkeypatch.setattr(sys, "path", sys.path[1:])
    assert runs(told) == ""
    monkeypatch.chdir(tmp_path)
    assert runs(told, f"{path} is another lrcourse") == "what disturbs it: another lrcourse"


@pytest.mark.parametrize("program", ["/elsewhere/bin/python3", "C:\\other\\python.exe", "R"])
def test_a_kernel_of_another_python(program, told, tmp_path, monkeypatch):
    kernel = tmp_path / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    content = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
    kernel.write_text(json.dumps(content))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    cannot_run(told, f"Jupyter's kernel python3 is {program}, which is not {sys.executable}: rename {kernel.parent}")
    content["argv"][0] = "python"  # Jupyter takes that for its own
    kernel.write_text(json.dumps(content))
    assert runs(told) == ""


def test_no_kernel(told, monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    def none(self, name):
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", none)
    cannot_run(told, "Jupyter has no kernel python3: call `python -m ipykernel install --sys-prefix`")


def test_jupyterlab_without_its_widgets(told, tmp_path, monkeypatch):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *folders: [str(tmp_path)])
    words = "@jupyter-widgets/jupyterlab-manager is missing: pip install --force-reinstall jupyterlab_widgets"
    assert runs(told, words) == "what disturbs it: widgets"


@pytest.mark.parametrize("listed", [[installed.WIDGETS], {installed.WIDGETS: True}])
def test_widgets_that_are_turned_off(listed, told, tmp_path, monkeypatch):
    page = tmp_path / "labconfig" / "page_config.json"
    page.parent.mkdir()
    page.write_text(json.dumps({"disabledExtensions": listed}))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    words = f"{page} turns {installed.WIDGETS} off: call `jupyter labextension enable {installed.WIDGETS}`"
    assert runs(told, words) == "what disturbs it: widgets"


@pytest.mark.parametrize("name, value", [("MPLBACKEND", "Agg"), ("PYTHONWARNINGS", "error"), ("PYTHONOPTIMIZE", "1")])
def test_a_variable_that_changes_lessons(name, value, told, monkeypatch):
    monkeypatch.setenv(name, value)
    words = f"DISTURBS     {name}={value}: {surroundings.DISTURBING[name]}. Unset it before Jupyter starts"
    assert runs(told, words) == f"what disturbs it: {name}"


@pytest.mark.parametrize("inline", ["", *surroundings.INLINE])
def test_jupyters_own_backend_disturbs_nothing(inline, told, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", inline)
    assert runs(told) == ""


SETTINGS = {
    "ipython_config.py": 'get_config().InteractiveShell.ast_node_interactivity = "all"',
    "ipython_kernel_config.py": 'c = get_config()\nc.ZMQInteractiveShell.ast_node_interactivity = "all"',
    "ipython_config.json": json.dumps({"InteractiveShell": {"ast_node_interactivity": "all"}}),
}


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    folder = tmp_path / "profile_default"
    (folder / "startup").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_ipython(name, profile, told):
    (profile / name).write_text(SETTINGS[name])
    words = (
        f"{profile / name} sets ",
        "InteractiveShell.ast_node_interactivity = 'all'. Start the course with IPYTHONDIR",
    )
    assert runs(told, *words) == "what disturbs it: IPython's settings"


def test_settings_that_change_no_lesson_are_not_named(profile, told):
    (profile / "ipython_config.py").write_text(
        "c = get_config()\nc.TerminalInteractiveShell.colors = 'Linux'\n# more\n"
    )
    (profile / "startup" / "README").write_text("This is the IPython startup directory")
    assert runs(told) == ""


def test_files_that_ipython_runs_at_its_start(profile, told):
    (profile / "startup" / "00_autoreload.ipy").write_text("%load_ext autoreload")
    (profile / "startup" / "imports.py").write_text("import this")
    words = f"each kernel runs 00_autoreload.ipy, imports.py of {profile / 'startup'}. Start the course with"
    assert runs(told, words) == "what disturbs it: IPython's settings"


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit", "get_config(", "import nowhere_to_be_found"])
def test_settings_of_ipython_that_cannot_be_read(code, profile, told):
    (profile / "ipython_config.py").write_text(code)
    status, out = told()
    assert out.splitlines()[-1].startswith("The course can") and out.count("images ") == 1


@pytest.fixture
def rc(tmp_path, monkeypatch):
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    return tmp_path / "matplotlibrc"


def test_settings_of_matplotlib(rc, told):
    rc.write_text("savefig.dpi: 300\ntext.usetex: True\nbackend: TkAgg\nlines.linewidth: 1.5\n")
    words = f"{rc} changes the pictures (savefig.dpi, text.usetex): start the course with MATPLOTLIBRC set to an empty"
    assert runs(told, words) == "what disturbs it: matplotlibrc"


def test_settings_of_matplotlib_that_change_nothing(rc, told):
    rc.write_text("# only remarks\nbackend: Agg\n")
    assert runs(told) == ""


def test_settings_of_matplotlib_beside_the_lessons_go_first(rc, told, tmp_path, monkeypatch):
    rc.write_text("savefig.dpi: 300")
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    (lessons / "matplotlibrc").write_text("figure.dpi: 30")
    monkeypatch.setattr(surroundings, "notebook_folders", lambda: [lessons])
    assert runs(told, f"{lessons / 'matplotlibrc'} changes the pictures (figure.dpi): rename it") != ""
    assert "savefig.dpi" not in told()[1] and matplotlib.rcParams["figure.dpi"] != 30


@pytest.mark.parametrize("name", ["torch.py", "random.py", "numpy.py"])
def test_a_file_that_hides_a_module(name, told, tmp_path, monkeypatch):
    (tmp_path / name).touch()
    (tmp_path / "my_notes.py").touch()
    monkeypatch.setattr(surroundings, "notebook_folders", lambda: [tmp_path])
    words = f"{tmp_path / name} is imported in place of the module {name.removesuffix('.py')}: rename it"
    assert runs(told, words) == f"what disturbs it: {name}"


def test_the_folders_of_the_lessons_are_those_of_the_clone_and_the_desk(tmp_path, monkeypatch):
    clone = installed.HERE.parent / "notebooks"
    assert {clone, clone / "solutions"} <= set(installed.notebook_folders())
    (tmp_path / ".lrcourse").mkdir()
    (tmp_path / ".lrcourse" / "desk.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert tmp_path.resolve() in installed.notebook_folders()


@pytest.fixture
def kernels(monkeypatch, tmp_path):
    """Two threads, and an environment of Python's own, in which nobody has set how they wait."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "environment/share/jupyter"))
    for name in OPENMP:
        monkeypatch.delenv(name, raising=False)


def test_threads_that_wait_busily(told, kernels, monkeypatch):
    words = "note         OMP_WAIT_POLICY=PASSIVE and GOMP_SPINCOUNT=3000 are not set in a JupyterLab that you start"
    assert runs(told, words, "Call `lrcourse kernel` once") == ""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert "OMP_WAIT_POLICY" not in told()[1]


def test_threads_that_sleep_in_every_kernel_of_this_environment(told, kernels, capsys):
    assert main(["kernel"]) == 0
    there = Path(sys.prefix, "share/jupyter/kernels/python3")
    said = f"Kernels that begin from now on have OMP_WAIT_POLICY=PASSIVE and GOMP_SPINCOUNT=3000: {there}\n"
    assert capsys.readouterr().out == said
    assert runs(told, "OpenMP       kernels let waiting threads sleep\n") == "" and "OMP_WAIT_POLICY" not in told()[1]


def test_threads_that_sleep_by_what_the_person_has_set(told, kernels, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert runs(told, "OpenMP       kernels let waiting threads sleep\n") == ""


@pytest.mark.parametrize("of", ["the machine", "the container"])
def test_too_little_memory(of, told, monkeypatch):
    free = {"the machine": machine.GIB, "the container": 64 * machine.GIB}[of]
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
    monkeypatch.setattr(machine, "_left_to_container", lambda: [machine.GIB] if of == "the container" else [])
    words = "1.0 GiB of memory are free, and a lesson takes 1 to 1.7: close other programs or kernels"
    assert runs(told, words) == "what disturbs it: memory"


def test_too_little_room_on_the_disk(told, monkeypatch):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: SimpleNamespace(free=machine.GIB // 4))
    assert (
        runs(told, "0.25 GiB are free on the disk of ", "make room, or set LRCOURSE_CACHE")
        == "what disturbs it: the disk"
    )


def test_where_cifar10_is(told, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(write_folders(tmp_path)))
    assert runs(told, "CIFAR-10, 50 images from image folders", str((tmp_path / "cifar10").resolve())) == ""


def test_that_there_is_no_cifar10(told):
    assert runs(told, "images       Shapes-10", "call `lrcourse fetch`") == ""


def test_a_variable_that_leads_nowhere(told, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / "nowhere"))
    cannot_run(told, f"LRCOURSE_CIFAR10={tmp_path / 'nowhere'} is not a folder")


def test_an_archive_that_lies_in_the_cache(told, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path))
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.touch()
    assert runs(told, f"note         {tmp_path} holds the archive {archive}; that is not read as it is: call") == ""


def test_an_entry_of_the_cache_that_is_not_whole(told, tmp_path, monkeypatch):
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path))
    told()
    (entry,) = (tmp_path / "decoded").iterdir()
    os.truncate(entry / "train_images.npy", 100)
    words = f"note         {entry} is not whole: train_images.npy is not as it was written. It is made anew when"
    assert runs(told, words) == ""
    assert "is not whole" not in told()[1]  # it was needed


def test_a_cache_that_cannot_be_written(told, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "file"))
    assert runs(told, "decoded images are not kept", "or set LRCOURSE_CACHE") == "what disturbs it: the cache"
