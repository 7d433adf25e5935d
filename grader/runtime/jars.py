"""The Delta jars: fetched once per user, held against pinned checksums, then trusted by size and time.

PySpark ships Ivy, which knows Maven Central and honours the user's own settings; so no address stands here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grader.errors import BadInput
from grader.runtime import cache
from grader.runtime.java import Java

FETCH_SECONDS = 600
"""How long one jar may take before fetching it counts as failed."""

_VERIFIED = "verified.json"


@dataclass(frozen=True)
class Jar:
    """A jar by its Maven coordinates, with the SHA-256 that its content must have."""

    organisation: str
    name: str
    revision: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}-{self.revision}.jar"


def wanted() -> tuple[Jar, ...]:
    """The jars that ``jars.toml`` lists."""
    table = tomllib.loads(Path(__file__).with_name("jars.toml").read_text(encoding="utf-8"))
    return tuple(Jar(**entry) for entry in table["jar"])


def ready() -> tuple[Path, ...] | None:
    """The jars' paths if all are in the cache, verified and unchanged since; else None. Takes no time."""
    folder = cache.folder("jars")
    verified = _verified(folder)
    paths = tuple(folder / jar.file for jar in wanted())
    for jar, path in zip(wanted(), paths, strict=True):
        if verified.get(path.name) != [jar.sha256, *_stamp(path)]:
            return None
    return paths


def provide(java: Java, spark_home: Path, notify: cache.Notify) -> tuple[Path, ...]:
    """The verified jars, after fetching those that the cache lacks or holds damaged.

    Raises:
        BadInput: a jar can neither be found nor fetched, or what came has the wrong checksum.
    """
    paths = ready()
    if paths is not None:
        return paths
    with cache.lock("jars", notify):
        folder = cache.folder("jars")
        verified = _verified(folder)
        missing = []
        for jar in wanted():
            path = folder / jar.file
            if path.is_file() and checksum(path) == jar.sha256:
                verified[jar.file] = [jar.sha256, *_stamp(path)]
            else:
                path.unlink(missing_ok=True)
                missing.append(jar)
        _remember(folder, verified)
        with tempfile.TemporaryDirectory(prefix="grade-jars-", dir=folder) as work:
            source = _source(java, spark_home, Path(work))
            for number, jar in enumerate(missing, start=1):
                notify(f"Fetching Delta Lake, jar {number} of {len(missing)}: {jar.file}")
                try:
                    got = source.get(jar)
                except _Unavailable as why:
                    raise BadInput(_how_to_provide(missing[number - 1 :], str(why))) from None
                if checksum(got) != jar.sha256:
                    raise BadInput(
                        f"{jar.file} from {source.name} is not the file it should be: "
                        f"its SHA-256 is not {jar.sha256[:12]}..., so it was not used."
                    )
                got.replace(folder / jar.file)
                verified[jar.file] = [jar.sha256, *_stamp(folder / jar.file)]
                _remember(folder, verified)  # after each jar, so that an interrupted fetch goes on from here
        return tuple(folder / jar.file for jar in wanted())


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Unavailable(Exception):
    """A source has not got a jar; the message says why."""


@dataclass(frozen=True)
class _Folder:
    """Jars that someone has put into a folder by hand (``GRADER_JARS_DIR``)."""

    folder: Path
    work: Path

    @property
    def name(self) -> str:
        return str(self.folder)

    def get(self, jar: Jar) -> Path:
        given = self.folder / jar.file
        if not given.is_file():
            raise _Unavailable(f"{self.folder}, the folder that GRADER_JARS_DIR names, lacks it")
        return Path(shutil.copyfile(given, self.work / jar.file))


@dataclass(frozen=True)
class _Ivy:
    """The repositories that the user's Ivy or Maven knows."""

    argv: tuple[str, ...]
    work: Path
    log: Path
    name: str

    def get(self, jar: Jar) -> Path:
        pattern = self.work / "[artifact]-[revision].[ext]"
        request = ["-dependency", jar.organisation, jar.name, jar.revision, "-confs", "default"]
        request += ["-notransitive", "-types", "jar", "-m2compatible", "-retrieve", str(pattern)]
        try:
            done = subprocess.run(
                [*self.argv, "-cache", str(self.work / "ivy"), *request],
                cwd=self.work,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=FETCH_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise _Unavailable(f"{self.name} did not answer within {FETCH_SECONDS // 60} minutes") from None
        got = self.work / jar.file
        if not got.is_file():
            self.log.write_text(done.stdout, encoding="utf-8")
            raise _Unavailable(f"{self.name} {_reason(done.stdout)}; Ivy's own words are in {self.log}")
        return got


def _source(java: Java, spark_home: Path, work: Path) -> _Folder | _Ivy:
    by_hand = os.environ.get("GRADER_JARS_DIR")
    if by_hand:
        return _Folder(Path(by_hand).expanduser().absolute(), work)

    # Only a first use fetches, so only a first use pays for importing these.
    from grader.runtime import clients, truststore

    settings = clients.maven(Path.home() / ".m2" / "settings.xml")
    ivy = next((spark_home / "jars").glob("ivy-*.jar"), None)
    if ivy is None:
        raise BadInput(f"PySpark in {spark_home} lacks its Ivy jar: install pyspark again.")
    argv = [
        str(java.binary),
        *truststore.java_flags(work),
        *clients.proxy_flags(settings.proxy or clients.proxy_of()),
        "-cp",
        str(ivy),
        "org.apache.ivy.Main",
        *clients.ivy_arguments(Path.home(), settings.mirror, work),
    ]
    name = settings.mirror.url if settings.mirror else "the Maven repository"
    return _Ivy(tuple(argv), work, cache.folder() / "ivy.log", name)


_REASONS = (
    ("PKIX path building failed", "has a certificate, or a proxy has, that is not trusted here"),
    (r"Host \S+ not found|UnknownHostException", "cannot be found: no network, or a name service that knows it not"),
    ("Connection refused|ConnectException", "cannot be reached: the connection is refused, there or by a proxy"),
    ("[Tt]imed out", "did not answer in time"),
    (r"\b407\b", "cannot be reached: the proxy wants a name and password"),
)


def _reason(output: str) -> str:
    """Ivy's report in a few words, to go after the repository's name."""
    for pattern, reason in _REASONS:
        if re.search(pattern, output):
            return reason
    return "does not have it, or refuses access"  # Ivy does not tell these apart


def _how_to_provide(missing: list[Jar], why: str) -> str:
    names = ", ".join(jar.file for jar in missing)
    return (
        f"Delta Lake's jars are missing and could not be fetched ({why}): connect this machine once, "
        "name a mirror in ~/.m2/settings.xml, or set GRADER_JARS_DIR to a folder that holds "
        f"{names}."
    )


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _verified(folder: Path) -> dict[str, list[object]]:
    try:
        found = json.loads((folder / _VERIFIED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(folder: Path, verified: dict[str, list[object]]) -> None:
    temporary = folder / f"{_VERIFIED}.new"
    temporary.write_text(json.dumps(verified, indent=1), encoding="utf-8")
    temporary.replace(folder / _VERIFIED)
