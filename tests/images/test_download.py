"""Against a server on this machine that misbehaves in one way each."""

import errno
import hashlib
import http.server
import io
import os
import pathlib
import re
import sys
import tarfile
import tempfile
import threading
import time

import pytest
from pictures import table
from torchvision.datasets import CIFAR10

from lrcourse.cli import main
from lrcourse.images import download as fetching
from lrcourse.images.download import FetchError, fetch
from lrcourse.images.layouts import BATCHES


def archive(*members, names=("data_batch_1", "test_batch", "batches.meta")):
    """Return a tar.gz of some small files, and of the members given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            content = os.urandom(40_000)
            info = tarfile.TarInfo(f"{BATCHES}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.seen.append(self.headers.get("Range"))
        fault = self.server.faults.pop(0) if self.server.faults else "good"
        content, start = self.server.content, 0
        if fault in (404, 416, 500):
            return self.send_error(fault)
        if fault == "is silent":
            return time.sleep(0.5)
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere.tar.gz")
            return self.end_headers()
        wanted = self.headers.get("Range")
        if wanted and fault != "ignores Range":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[start:]
        if fault == "wrong bytes":
            body = body[:-10] + bytes(10)
        if fault == "says less":
            body = body[: len(body) // 2]
        if fault == "sends more":
            body = body + b"more"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cuts":
            body = body[: len(body) // 2]
        if fault == "stalls":
            self.wfile.write(body[:30_000])
            self.wfile.flush()
            time.sleep(1.5)
            return
        try:
            self.wfile.write(body)
        except OSError:
            pass


@pytest.fixture
def server(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.faults, server.seen = [], []
    serve(server, archive(), monkeypatch)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}/cifar-10-python.tar.gz"
    yield server
    server.shutdown()
    server.server_close()


def serve(server, content, monkeypatch):
    server.content = content
    monkeypatch.setattr(fetching, "SIZE", len(content))
    monkeypatch.setattr(fetching, "MD5", hashlib.md5(content).hexdigest())
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            files = [member for member in tar.getmembers() if member.isreg()]
            sums = {
                os.path.basename(file.name): hashlib.md5(tar.extractfile(file).read()).hexdigest() for file in files
            }
    except tarfile.TarError:
        return
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", sums["data_batch_1"]]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {"filename": "batches.meta", "md5": sums["batches.meta"]})


def get(server, folder, timeout=10):
    return fetch(folder, url=server.url, timeout=timeout, wait=0.01)


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize(
    "faults",
    [
        ["cuts", "cuts", "cuts"],
        ["cuts", 500, "ignores Range"],
        ["cuts", 416, 500],
        [*[500] * 4, "cuts", *[500] * 4, "cuts", *[500] * 4],  # counted anew after each that brought something
    ],
    ids=str,
)
def test_what_can_be_mended_is_mended(faults, server, tmp_path):
    server.faults = list(faults)
    folder = get(server, tmp_path)
    assert folder == tmp_path / BATCHES and left(tmp_path) == [BATCHES]
    with tarfile.open(fileobj=io.BytesIO(server.content)) as tar:
        for member in tar.getmembers():
            assert (tmp_path / member.name).read_bytes() == tar.extractfile(member).read()


def test_a_download_goes_on_where_an_earlier_one_stopped(server, tmp_path):
    server.faults = ["cuts", *[500] * 5]
    with pytest.raises(FetchError, match="HTTP Error 500.*5 times in a row. .* bytes are kept: call it again to go on"):
        get(server, tmp_path)
    assert left(tmp_path) == ["cifar-10-python.tar.gz.part"]
    have = (tmp_path / "cifar-10-python.tar.gz.part").stat().st_size
    server.seen.clear()
    get(server, tmp_path)
    assert server.seen == [f"bytes={have}-"] and have > 10_000


def test_what_is_there_is_not_downloaded_again(server, tmp_path):
    get(server, tmp_path)
    server.seen.clear()
    assert get(server, tmp_path) == tmp_path / BATCHES and server.seen == []


@pytest.mark.parametrize("damage", ["is gone", "is cut", "is garbage"])
def test_what_is_there_and_not_whole_is_mended_and_nothing_else_touched(damage, server, tmp_path):
    folder = get(server, tmp_path)
    right, path = (folder / "test_batch").read_bytes(), folder / "test_batch"
    (folder / "notes.txt").write_text("mine")
    path.unlink() if damage == "is gone" else path.write_bytes(
        right[:100] if damage == "is cut" else os.urandom(40_000)
    )
    assert get(server, tmp_path) == folder and left(tmp_path) == [BATCHES]
    assert path.read_bytes() == right and (folder / "notes.txt").read_text() == "mine"
    server.seen.clear()
    get(server, tmp_path)
    assert server.seen == []


@pytest.fixture
def by_hand(server, tmp_path):
    """An archive that somebody has downloaded with a browser."""
    path = tmp_path / "Downloads" / "cifar-10-python (1).tar.gz"
    path.parent.mkdir()
    path.write_bytes(server.content)
    return path


def test_an_archive_that_is_here_is_unpacked_as_a_download_and_stays(by_hand, server, tmp_path):
    folder = fetch(tmp_path, archive=by_hand)
    assert folder == tmp_path / BATCHES and server.seen == [] and by_hand.read_bytes() == server.content
    with tarfile.open(by_hand) as tar:
        for one in tar.getmembers():
            assert (tmp_path / one.name).read_bytes() == tar.extractfile(one).read()
    (folder / "test_batch").unlink()
    assert fetch(tmp_path, archive=by_hand) == folder and (folder / "test_batch").exists()
    assert left(by_hand.parent) == [by_hand.name]


@pytest.mark.parametrize("fault", ["cut", "garbage", "empty", "longer", "a folder", "gone", "another archive"])
def test_a_file_that_is_not_the_archive_is_refused_and_stays(fault, by_hand, server, tmp_path):
    whole = by_hand.read_bytes()
    by_hand.unlink()
    if fault == "a folder":
        by_hand.mkdir()
    elif fault != "gone":
        contents = {"cut": whole[:-7], "garbage": os.urandom(len(whole)), "empty": b"", "longer": whole + b"\0"}
        by_hand.write_bytes(contents.get(fault) or archive() * (fault == "another archive"))
    before = by_hand.read_bytes() if by_hand.is_file() else None
    with pytest.raises(FetchError) as caught:
        fetch(tmp_path / "to", archive=by_hand)
    reads = fault in ("a folder", "gone")
    words = "cannot be read: " if reads else f"is not the whole of cifar-10-python.tar.gz: {len(before):,} bytes with"
    assert str(caught.value).startswith(f"{by_hand} {words}")
    assert "deleted" not in str(caught.value) and not (tmp_path / "to").exists()
    assert before is None or by_hand.read_bytes() == before


@pytest.mark.parametrize("odd", [{"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, {"type": tarfile.FIFOTYPE}])
def test_an_archive_of_the_persons_with_what_should_not_be_there_stays_too(odd, by_hand, server, tmp_path, monkeypatch):
    serve(server, archive(member(f"{BATCHES}/odd", **odd)), monkeypatch)
    by_hand.write_bytes(server.content)
    with pytest.raises(FetchError, match="cannot be unpacked: .* is neither a file nor a folder$"):
        fetch(tmp_path, archive=by_hand)
    assert by_hand.read_bytes() == server.content and left(tmp_path) == ["Downloads"]


def member(name, **attributes):
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


class Scene:
    """What can go wrong, each by the name that it has in docs/data.md."""

    def __init__(self, server, folder, monkeypatch):
        self.server, self.folder, self.monkeypatch = server, folder, monkeypatch

    def faults(self, *faults, timeout=10):
        self.server.faults = list(faults)
        return get(self.server, self.folder, timeout)

    def archive(self, *members):
        serve(self.server, archive(*members), self.monkeypatch)
        return get(self.server, self.folder)

    def no_archive(self):
        serve(self.server, b"no archive" * 1000, self.monkeypatch)
        return get(self.server, self.folder)

    def no_server(self):
        return fetch(self.folder, url="http://127.0.0.1:9/none.tar.gz", timeout=0.5, wait=0.001)

    def full_disk_downloading(self):
        if not os.path.exists("/dev/full"):
            pytest.skip("there is no device that is always full")
        (self.folder / PART).symlink_to("/dev/full")
        return get(self.server, self.folder)

    def full_disk_unpacking(self):
        def full(*args, **kwargs):
            raise OSError(errno.ENOSPC, "No space left on device")

        with self.monkeypatch.context() as patch:
            patch.setattr(tarfile.TarFile, "extractall", full)
            return get(self.server, self.folder)

    def read_only(self):
        if os.name == "nt":
            pytest.skip("Windows has other permissions")
        self.folder.chmod(0o555)
        root = os.geteuid() == 0
        try:
            if root:  # who may write everywhere
                os.seteuid(65534)
            return get(self.server, self.folder)
        finally:
            if root:
                os.seteuid(0)
            self.folder.chmod(0o755)

    def two_at_once(self):
        self.server.faults = ["stalls"]
        first = threading.Thread(target=get, args=(self.server, self.folder))
        first.start()
        while not self.server.seen:
            time.sleep(0.01)
        try:
            return get(self.server, self.folder)
        finally:
            first.join()


PART = "cifar-10-python.tar.gz.part"
SCENES = {
    "the connection is cut": lambda s: s.faults("cuts"),
    "the server sends less than the whole": lambda s: s.faults("says less"),
    "30 seconds without a byte": lambda s: s.faults("stalls", timeout=0.3),
    "HTTP 500 four times": lambda s: s.faults(500, 500, 500, 500),
    "cut, and the server ignores `Range`": lambda s: s.faults("cuts", "ignores Range"),
    "cut, and then HTTP 416": lambda s: s.faults("cuts", 416),
    "a redirect": lambda s: s.faults("redirect"),
    "redirects in a circle": lambda s: s.faults(*["redirect"] * 20),
    "HTTP 404": lambda s: s.faults(404),
    "HTTP 500 five times": lambda s: s.faults(*[500] * 5),
    "HTTP 416 from the start": lambda s: s.faults(*[416] * 5),
    "cut, and then HTTP 500 five times": lambda s: s.faults("cuts", *[500] * 5),
    "not a byte, five times": lambda s: s.faults(*["is silent"] * 5, timeout=0.1),
    "no server": lambda s: s.no_server(),
    "other bytes": lambda s: s.faults("wrong bytes"),
    "more bytes than the whole": lambda s: s.faults("sends more"),
    "no archive": lambda s: s.no_archive(),
    "an archive with `../`": lambda s: s.archive(member(f"{BATCHES}/../../escaped")),
    "an archive with a link": lambda s: s.archive(
        member(f"{BATCHES}/link", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    ),
    "an archive with a hard link": lambda s: s.archive(
        member(f"{BATCHES}/hard", type=tarfile.LNKTYPE, linkname=f"{BATCHES}/test_batch")
    ),
    "an archive with a device": lambda s: s.archive(member(f"{BATCHES}/device", type=tarfile.CHRTYPE)),
    "an archive with a pipe": lambda s: s.archive(member(f"{BATCHES}/pipe", type=tarfile.FIFOTYPE)),
    "an archive with an absolute name": lambda s: s.archive(member("/escaped")),
    "the disk is full, downloading": lambda s: s.full_disk_downloading(),
    "the disk is full, unpacking": lambda s: s.full_disk_unpacking(),
    "the folder is read-only": lambda s: s.read_only(),
    "two downloads at once": lambda s: s.two_at_once(),
}
TABLE = table("what goes wrong")


def test_every_fault_is_in_the_table_of_the_docs():
    assert [row[0] for row in TABLE] == list(SCENES)


@pytest.fixture
def place():
    """A folder that others may look into, so that it is its own permissions that count."""
    with tempfile.TemporaryDirectory() as outside:
        os.chmod(outside, 0o755)
        folder = pathlib.Path(outside, "inside")
        folder.mkdir()
        yield folder


@pytest.mark.parametrize("fault, seen, afterwards", TABLE, ids=[row[0] for row in TABLE])
def test_the_table_of_the_docs_says_what_happens(fault, seen, afterwards, server, place, monkeypatch):
    scene = Scene(server, place, monkeypatch)
    if seen.startswith("nothing, it"):
        SCENES[fault](scene)
    else:
        with pytest.raises(FetchError) as caught:
            SCENES[fault](scene)
        assert re.fullmatch(re.escape(seen.strip("`")).replace(re.escape("..."), ".*"), str(caught.value), re.DOTALL)
    assert left(place) == ([afterwards.strip("`")] if afterwards else [])
    assert left(place.parent) == ["inside"] and not pathlib.Path("/escaped").exists()
    if fault == "the disk is full, downloading":
        (place / PART).unlink()  # the test's own device
    server.faults.clear()
    serve(server, archive(), monkeypatch) if "archive" in fault and BATCHES not in left(place) else None
    get(server, place)  # and the next call is not in the way of what is left
    assert left(place) == [BATCHES]


def test_the_command_line_downloads_and_says_where(server, tmp_path, capsys):
    assert main(["fetch", "--to", str(tmp_path), "--url", server.url]) == 0
    folder = tmp_path / BATCHES
    assert f"CIFAR-10 is in {folder}. Set LRCOURSE_CIFAR10={tmp_path} to use it." in capsys.readouterr().out
    server.faults = [404]
    assert main(["fetch", "--to", str(tmp_path / "other"), "--url", server.url]) == 1
    assert "Name a mirror with --url" in capsys.readouterr().err


def test_the_command_line_takes_an_archive_and_says_what_is_wrong_with_it(by_hand, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LRCOURSE_CACHE", str(tmp_path / "cache"))
    assert main(["fetch", "--from", str(by_hand)]) == 0  # into the cache, where the course looks
    assert capsys.readouterr().out == f"CIFAR-10 is in {tmp_path / 'cache' / BATCHES}.\n"
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(tmp_path / "elsewhere"))  # where it looks now
    assert main(["fetch", "--from", str(by_hand)]) == 0
    assert f"Set LRCOURSE_CIFAR10={tmp_path / 'cache'} to use it." in capsys.readouterr().out
    monkeypatch.setenv("LRCOURSE_CIFAR10", str(by_hand))  # as the error of load_data has it
    assert main(["fetch", "--from", str(by_hand), "--to", str(by_hand.parent)]) == 0
    assert capsys.readouterr().out == f"CIFAR-10 is in {by_hand.parent / BATCHES}.\n"
    by_hand.write_bytes(b"")
    assert main(["fetch", "--from", str(by_hand)]) == 1
    assert "Download it again, or call `lrcourse fetch` without --from" in capsys.readouterr().err


def test_an_archive_and_a_mirror_are_not_both_taken(capsys):
    with pytest.raises(SystemExit):
        main(["fetch", "--from", "a.tar.gz", "--url", "https://example.org"])
    assert "not allowed with argument --from" in capsys.readouterr().err


def test_fetch_where_a_package_is_missing_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "lrcourse.images", None)
    assert main(["fetch"]) == 1
    assert "`lrcourse doctor` says what to do" in capsys.readouterr().err
