"""Against a server on this machine that misbehaves in one way each."""

import errno
import hashlib
import http.server
import io
import os
import pathlib
import tarfile
import threading
import time

import pytest

from lrcourse import fetch as fetching
from lrcourse.cli import main
from lrcourse.fetch import FetchError, fetch
from lrcourse.sources import BATCHES


def archive(*members, names=("data_batch_1", "test_batch")):
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


def get(server, folder):
    return fetch(folder, url=server.url, timeout=0.5, wait=0.01)


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize(
    "faults",
    [
        [],
        ["redirect"],
        ["cuts"],
        ["cuts", "cuts", "cuts"],
        ["says less"],
        ["stalls"],
        [500, 500, 500, 500],
        ["cuts", 500, "ignores Range"],
        ["cuts", "ignores Range"],
        ["cuts", 416],
        ["cuts", "stalls", 500],
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


@pytest.mark.parametrize(
    "faults, message, kept",
    [
        ([404], "404.*Name a mirror with --url", []),
        ([500] * 5, "500.*5 times in a row. Or name a mirror", []),
        (["wrong bytes"], "is not CIFAR-10: .* bytes with md5 .* It was deleted", []),
        (["sends more"], "is not CIFAR-10", []),
    ],
)
def test_what_cannot_be_mended_is_told_and_never_counts_as_a_data_set(faults, message, kept, server, tmp_path):
    server.faults = list(faults)
    with pytest.raises(FetchError, match=message):
        get(server, tmp_path)
    assert left(tmp_path) == kept
    get(server, tmp_path)  # and the next try is not in its way
    assert left(tmp_path) == [BATCHES]


def test_a_server_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FetchError, match="refused.*5 times in a row"):
        fetch(tmp_path, url="http://127.0.0.1:9/none.tar.gz", timeout=0.5, wait=0.001)


def member(name, **attributes):
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    "evil",
    [
        member("../escaped"),
        member(f"{BATCHES}/../../escaped"),
        member(f"{BATCHES}/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member(f"{BATCHES}/hard", type=tarfile.LNKTYPE, linkname=f"{BATCHES}/test_batch"),
        member(f"{BATCHES}/device", type=tarfile.CHRTYPE),
        member(f"{BATCHES}/pipe", type=tarfile.FIFOTYPE),
    ],
    ids=lambda info: info.name,
)
def test_an_archive_that_reaches_out_of_its_folder_is_refused(evil, server, tmp_path, monkeypatch):
    serve(server, archive(evil), monkeypatch)
    inside = tmp_path / "inside"
    with pytest.raises(FetchError, match="cannot be unpacked|neither a file nor a folder"):
        get(server, inside)
    assert left(tmp_path) == ["inside"] and left(inside) == ["cifar-10-python.tar.gz.part"]


def test_an_absolute_name_stays_in_the_folder(server, tmp_path, monkeypatch):
    serve(server, archive(member("/escaped")), monkeypatch)
    get(server, tmp_path)
    assert left(tmp_path) == [BATCHES] and not pathlib.Path("/escaped").exists()


def test_an_archive_of_something_else_is_refused(server, tmp_path, monkeypatch):
    serve(server, b"no archive" * 1000, monkeypatch)
    with pytest.raises(FetchError, match="cannot be unpacked"):
        get(server, tmp_path)
    assert not (tmp_path / BATCHES).exists()


def test_a_full_disk_leaves_what_can_be_gone_on_with(server, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extractall", full)
    with pytest.raises(OSError, match="No space left"):
        get(server, tmp_path)
    assert left(tmp_path) == ["cifar-10-python.tar.gz.part"]
    monkeypatch.undo()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_error(server, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        get(server, tmp_path)


def test_a_second_download_into_the_same_folder_is_refused(server, tmp_path):
    server.faults = ["stalls"]
    first = threading.Thread(target=get, args=(server, tmp_path))
    first.start()
    while not server.seen:
        time.sleep(0.01)
    with pytest.raises(FetchError, match="another download into .* is running"):
        get(server, tmp_path)
    first.join()
    assert left(tmp_path) == [BATCHES]


def test_the_command_line_downloads_and_says_where(server, tmp_path, capsys):
    assert main(["fetch", "--to", str(tmp_path), "--url", server.url]) == 0
    folder = tmp_path / BATCHES
    assert f"CIFAR-10 is in {folder}. Set LRCOURSE_CIFAR10={tmp_path} to use it." in capsys.readouterr().out
    server.faults = [404]
    assert main(["fetch", "--to", str(tmp_path / "other"), "--url", server.url]) == 1
    assert "Name a mirror with --url" in capsys.readouterr().err
