"""What to do where CIFAR-10 lies in a layout that is not read, or something else does."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

from lrcourse.images.layouts import BATCHES, Listing, class_of, layout, listing, walk

WANTED = f"the folder that holds {BATCHES}/ or cifar10/train/<class>/ and cifar10/test/<class>/"
GET = 'call `lrcourse fetch --to "{root}"` for the version that is read (163 MiB)'
FROM = 'call `lrcourse fetch --from "{file}" --to "{root}"` to unpack it'
UNPACK = "unpack it there"
# By the names of files or whole paths, in lower case; what stands first is found first.
OTHERS = [
    ("cifar-10-python*.gz", "the archive {file}", FROM),
    ("cifar-10-python*.tgz", "the archive {file}", FROM),
    ("cifar-10-python.tar.gz.part", "part of a download, {file}", 'call `lrcourse fetch --to "{folder}"` to go on'),
    ("cifar-10-python.tar.gz.*", "what a browser has not downloaded to its end, {file}", GET),
    ("trainlabels.csv", "the files of Kaggle's competition, whose test images have no labels", GET),
    ("*.7z", "{file}, an archive of Kaggle's competition, whose test images have no labels", GET),
    ("*.parquet", "Hugging Face's parquet files", GET),
    ("*.arrow", "Hugging Face's arrow files", GET),
    ("data_batch_*.bin", "the binary version, for programs in C", GET),
    ("data_batch_*.mat", "the version for MATLAB", GET),
    ("cifar-10-binary*", "{file}, the version for programs in C", GET),
    ("cifar-10-matlab*", "{file}, the version for MATLAB", GET),
    ("cifar-100*", "{file}, which is CIFAR-100, another data set", GET),
    ("*cifar*.tfrecord*", "TensorFlow's records", GET),
    ("*cifar*.np[yz]", "NumPy's file {file}", GET),
    ("*cifar*.h5", "the HDF5 file {file}", GET),
    ("*cifar*.hdf5", "the HDF5 file {file}", GET),
    ("cifar*.tar", "the archive {file}", UNPACK),
    ("cifar*.gz", "the archive {file}", UNPACK),
    ("cifar*.tgz", "the archive {file}", UNPACK),
    ("cifar*.zip", "the archive {file}", UNPACK),
    ("archive*.zip", "{file}, as Kaggle names a data set", UNPACK),
]


def what_is_lacking(places: list[Path]) -> str:
    """Return what is at the first of the places that is there, and the one step that is missing."""
    there = [place for place in places if os.path.lexists(place)]
    if not there:
        words = f"is not a folder: there is no {', '.join(map(str, places))}. It must name {WANTED}"
    elif (place := there[0]).is_file():
        archive = _other(Listing(place.parent, {}, {place.name: str(place)}), place.parent, "is")
        words = archive or f"is not a folder. It must name {WANTED}"
    elif closed := _why_closed(place):
        words = f"is not a folder that you may look into ({closed}). Mend that"
    else:
        words = hint(place) or f"holds no CIFAR-10. It must name {WANTED}"
    return f"{words}; or unset it to use Shapes-10."


def _why_closed(folder: Path) -> str:
    try:
        os.scandir(folder).close()
    except OSError as error:
        leads = f"; it is a link to {os.path.realpath(folder)}" if folder.is_symlink() else ""
        return f"{error.strerror}{leads}"
    return ""


def hint(root: Path) -> str:
    """Return what of CIFAR-10 is in a folder that is not read as it is, and what to do; nothing if there is nothing."""
    for above in root.absolute().parents[:2]:
        if layout(listing(above)):
            return f"lies inside of CIFAR-10: set LRCOURSE_CIFAR10={above}"
    listings = list(walk(root))
    found = [_other(here, root) for here in listings] + [_structure(here, root) for here in listings]
    return next(filter(None, found), "")


def _other(here: Listing, root: Path, verb: str = "holds") -> str:
    for pattern, what, step in OTHERS:
        for name, file in here.files.items():
            if fnmatchcase(name.lower(), pattern) or fnmatchcase(file.lower(), pattern):
                words = f"{verb} {what}; that is not read as it is: {step}"
                return words.format(root=root, file=file, folder=here.folder)
    return ""


def _structure(here: Listing, root: Path) -> str:
    """Return what the folders and files tell whose names alone tell nothing."""
    get = GET.format(root=root)
    train, test = here.part("train"), here.part("test")
    classes = {label for name in here.dirs if (label := class_of(name)) is not None and not name.isdigit()}
    hundred = {"apple", "aquarium_fish"} & set(listing(train).dirs if train else here.dirs)
    if hundred or {"train", "test", "meta"} <= set(here.files):
        return f"holds CIFAR-100, in {here.folder}, which is another data set: {get}"
    if len(classes) > 5:
        return f"holds the classes, in {here.folder}, but not in the folders train and test: put them there, or {get}"
    if train and test is None and listing(train).dirs:
        return f"holds {train}, but no folder test beside it: add the test images, or {get}"
    return ""
