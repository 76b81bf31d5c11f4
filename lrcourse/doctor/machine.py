"""What the machine has: processors, memory, room on the disk, and the images."""

from __future__ import annotations

import importlib
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from lrcourse.base import OPENMP, is_patient
from lrcourse.desk import desk_problems

if TYPE_CHECKING:
    from lrcourse.doctor.report import Report

GIB = 2**30
MEMORY = 1.5 * GIB  # a lesson was seen to take 1.0 GiB, and lesson 12 with all of the images 1.7
DISK = 0.5 * GIB  # all of CIFAR-10 takes 0.18 decoded, and 0.34 while it is unpacked
GET_CIFAR10 = (
    "to use the real images, call `lrcourse fetch` (163 MiB), or set LRCOURSE_CIFAR10 to the folder that holds"
    " cifar-10-batches-py"
)


def desk(report: Report) -> None:
    """Tell what is wrong with the learner's copies of the lessons, where they are if nobody says otherwise."""
    for problem in desk_problems():
        report.disturb("your desk", problem)


def devices(report: Report) -> None:
    """Tell whether torch can be imported, and what it finds to compute on."""
    try:
        import torch

        importlib.import_module("torchvision")  # one that does not match torch fails here
    except Exception as error:
        report.problem(
            f"torch and torchvision do not load together ({type(error).__name__}: {error}): install the pair in"
            " constraints.txt"
        )
        return
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none; the course needs none"
    report.line("CPU threads", torch.get_num_threads())
    report.line("GPU", gpu)


def threads(report: Report) -> None:
    """Tell whether kernels train fast beside other programs, and how to let them."""
    import torch
    from jupyter_client.kernelspec import KernelSpecManager

    if torch.get_num_threads() < 2:
        return
    kernels = KernelSpecManager()
    own = kernels.get_kernel_spec("python3").env if "python3" in kernels.find_kernel_specs() else {}
    if is_patient(os.environ | own):
        report.line("OpenMP", "kernels let waiting threads sleep")
        return
    report.line("OpenMP", "kernels that `lrcourse lab` starts let waiting threads sleep")
    report.notes.append(
        f"{' and '.join(map('='.join, OPENMP.items()))} are not set in a JupyterLab that you start yourself: beside"
        " other programs, or with two lessons open, training can take ten times as long. Call `lrcourse kernel` once"
    )


def memory(report: Report) -> None:
    """Tell whether memory is short."""
    import psutil

    free = min([psutil.virtual_memory().available, *_left_to_container()])
    if free < MEMORY:
        text = f"{free / GIB:.1f} GiB of memory are free, and a lesson takes 1 to 1.7: close other programs or kernels"
        report.disturb("memory", text)


def images(report: Report) -> None:
    """Tell which images there are, decoding them if need be, and what is wrong with them."""
    from lrcourse.images import cache_dir, entries_not_whole, find_cifar10, hint, load_pool

    report.notes += [f"{fault}. It is made anew when it is needed" for fault in entries_not_whole()]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            folder = find_cifar10()
            report.line("images", load_pool().source)
        except (OSError, ValueError) as error:
            report.problem(str(error))
            return
    report.line("", folder or f"CIFAR-10 is not on this machine; {GET_CIFAR10}")
    for warning in caught:
        report.disturb("the cache", str(warning.message))
    if folder is None and (words := hint(cache_dir())):
        report.notes.append(f"{cache_dir()} {words}")


def cache(report: Report) -> None:
    """Tell where decoded images are kept, and whether the disk has room."""
    from lrcourse.images import cache_dir

    folder = cache_dir()
    report.line("cache", folder)
    there = next(place for place in [folder.absolute(), *folder.absolute().parents] if place.is_dir())
    free = shutil.disk_usage(there).free
    if free < DISK:
        text = f"{free / GIB:.2f} GiB are free on the disk of {there}: make room, or set LRCOURSE_CACHE to another disk"
        report.disturb("the disk", text)


def _left_to_container() -> list[int]:
    """Return what a container may still take of the memory, where it is limited."""
    try:
        most, taken = (int(Path("/sys/fs/cgroup", f"memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # no container, or no limit
        return []
    return [most - taken]
