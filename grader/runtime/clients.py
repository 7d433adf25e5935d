"""How this machine's Maven and Ivy reach their repositories: settings files, mirrors, proxies.

Nothing here is ours to configure. Whoever works behind a mirror has told Maven or Ivy already, and whoever
works behind a proxy has set the usual variables; the jars are fetched in the same way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from grader.errors import BadInput


@dataclass(frozen=True)
class Proxy:
    """A proxy for HTTP; ``bypass`` holds host patterns as Java writes them (``*.corp``)."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    bypass: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mirror:
    """A repository that stands in for Maven Central, with the credentials its server entry names."""

    url: str
    username: str = ""
    password: str = ""


@dataclass(frozen=True)
class Maven:
    """What ``settings.xml`` says that matters to fetching from Maven Central."""

    mirror: Mirror | None = None
    proxy: Proxy | None = None


def maven(path: Path, environment: Mapping[str, str] = os.environ) -> Maven:
    """Read Maven's settings; a file that does not exist says nothing.

    Raises:
        BadInput: the file is not XML.
    """
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except FileNotFoundError:
        return Maven()
    except (OSError, ElementTree.ParseError) as why:
        raise BadInput(f"Maven's settings {path} cannot be read: {why}.") from None
    for element in root.iter():  # the namespace is optional in Maven, so it is dropped
        element.tag = element.tag.rpartition("}")[2]

    def text(entry: ElementTree.Element, name: str) -> str:
        value = (entry.findtext(name) or "").strip()
        return re.sub(r"\$\{env\.([^}]+)\}", lambda found: environment.get(found[1], ""), value)

    servers = {text(entry, "id"): entry for entry in root.iterfind("servers/server")}
    mirror = None
    for entry in root.iterfind("mirrors/mirror"):
        if not _stands_for_central(text(entry, "mirrorOf")):
            continue
        server = servers.get(text(entry, "id"))
        name, word = (text(server, "username"), text(server, "password")) if server is not None else ("", "")
        mirror = Mirror(text(entry, "url"), name, word)
        break
    proxy = None
    for entry in root.iterfind("proxies/proxy"):
        if text(entry, "active").lower() in ("", "true") and text(entry, "host"):
            bypass = tuple(part for part in text(entry, "nonProxyHosts").split("|") if part)
            port = int(text(entry, "port") or 8080)
            proxy = Proxy(text(entry, "host"), port, text(entry, "username"), text(entry, "password"), bypass)
            break
    return Maven(mirror, proxy)


def _stands_for_central(mirror_of: str) -> bool:
    """Maven's rule ("Using Mirrors for Repositories"): ids and wildcards by comma, ``!`` takes one out."""
    parts = [part.strip() for part in mirror_of.split(",")]
    return "!central" not in parts and any(part in ("central", "*", "external:*") for part in parts)


def proxy_of(environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy that ``HTTPS_PROXY`` or ``HTTP_PROXY`` names (in either case); ``NO_PROXY`` is its bypass."""

    def variable(name: str) -> str:
        return environment.get(name.lower()) or environment.get(name) or ""

    url = variable("HTTPS_PROXY") or variable("HTTP_PROXY") or variable("ALL_PROXY")
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not parts.hostname:
        return None
    bypass: list[str] = []
    for host in variable("NO_PROXY").replace(" ", "").split(","):
        if host == "*":
            return None
        if host:
            # ".corp" and "corp" both mean the host and all below it; Java wants that spelled out.
            bare = host.removeprefix("*").removeprefix(".")
            bypass += [bare, f"*.{bare}"]
    return Proxy(
        parts.hostname,
        parts.port or (443 if parts.scheme == "https" else 80),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tuple(bypass),
    )


def proxy_flags(proxy: Proxy | None) -> list[str]:
    """The JVM flags for a proxy; Java reads the bypass list for both from ``http.nonProxyHosts``."""
    if proxy is None:
        return []
    given = []
    for scheme in ("http", "https"):
        given += [f"-D{scheme}.proxyHost={proxy.host}", f"-D{scheme}.proxyPort={proxy.port}"]
        if proxy.username:
            given.append(f"-D{scheme}.proxyUser={proxy.username}")
            given.append(f"-D{scheme}.proxyPassword={proxy.password}")
    if proxy.username:  # Java refuses a password for HTTPS tunnels unless told otherwise
        given.append("-Djdk.http.auth.tunneling.disabledSchemes=")
    if proxy.bypass:
        given.append("-Dhttp.nonProxyHosts=" + "|".join(("localhost", "127.*", *proxy.bypass)))
    return given


def ivy_arguments(home: Path, mirror: Mirror | None, folder: Path) -> list[str]:
    """Ivy's ``-settings``: the user's own file, else one made for the mirror, else Ivy's built-in ones.

    A file that is made goes into ``folder``.
    """
    own = home / ".ivy2" / "ivysettings.xml"
    if own.is_file():
        return ["-settings", str(own)]
    if mirror is None:
        return []
    path = folder / "ivysettings.xml"
    path.touch(mode=0o600)  # it may hold a password
    realm = _realm(mirror) if mirror.username else ""
    path.write_text(_mirror_settings(mirror, realm), encoding="utf-8")
    return ["-settings", str(path)]


def _realm(mirror: Mirror) -> str:
    """What the mirror calls the place that a password is for: Ivy looks passwords up by it, Maven does not.

    Empty if the mirror does not say; fetching then fails with a reason, as it would for a wrong password.
    """
    import ssl
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from grader.runtime.truststore import bundle

    probe = Request(mirror.url.rstrip("/") + "/io/delta/", method="HEAD")
    try:
        with urlopen(probe, timeout=30, context=ssl.create_default_context(cafile=bundle())):
            return ""
    except HTTPError as answer:
        found = re.search(r'realm="([^"]*)"', answer.headers.get("WWW-Authenticate", ""), re.IGNORECASE)
        return found[1] if found else ""
    except (OSError, ValueError):
        return ""


def _mirror_settings(mirror: Mirror, realm: str) -> str:
    credentials = ""
    if mirror.username:
        host = urlsplit(mirror.url).hostname or ""
        credentials = (
            f"  <credentials host={quoteattr(host)} realm={quoteattr(realm)} "
            f"username={quoteattr(mirror.username)} passwd={quoteattr(mirror.password)}/>\n"
        )
    return (
        '<ivysettings>\n  <settings defaultResolver="mirror"/>\n'
        f"{credentials}"
        '  <resolvers><ibiblio name="mirror" m2compatible="true" '
        f"root={quoteattr(mirror.url)}/></resolvers>\n"
        "</ivysettings>\n"
    )
