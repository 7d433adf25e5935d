"""Certificates for Java: the ones that the machine's other clients trust.

A Java runtime from the package index knows only its own list, so it fails behind a proxy with a certificate
of the company's own, where pip and curl succeed. This writes the bundle those use as a Java truststore.
"""

from __future__ import annotations

import os
import re
import ssl
import warnings
from pathlib import Path

PASSWORD = "changeit"
"""Java's customary password; the certificates in a truststore are public."""

_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def bundle() -> Path | None:
    """The file of trusted certificates: the one a variable names, else the system's; None without one."""
    named = [os.environ[name] for name in _VARIABLES if os.environ.get(name)]
    own = ssl.get_default_verify_paths().cafile
    for place in (*named, *([own] if own else []), *_PLACES):
        path = Path(place)
        if path.is_file():
            return path
    return None


def write(pem: Path, target: Path) -> int:
    """Write the certificates of ``pem`` to the Java truststore ``target``; tells how many there are.

    A certificate that cannot be read is left out: system bundles hold a few odd ones.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    entries = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about certificates that are not ours to mend
        for number, block in enumerate(_CERTIFICATE.findall(pem.read_bytes())):
            try:
                certificate = x509.load_pem_x509_certificate(block)
            except ValueError:
                continue
            entries.append(pkcs12.PKCS12Certificate(certificate, f"ca{number}".encode()))
        if entries:
            store = pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(PASSWORD.encode()))
            target.write_bytes(store)
    return len(entries)


def java_flags(folder: Path) -> list[str]:
    """Flags that make Java trust what the other clients do; the truststore goes into ``folder``.

    None are needed where the caller already gave Java a truststore by ``JAVA_TOOL_OPTIONS``, or where no
    bundle is found.
    """
    if "javax.net.ssl.trustStore" in os.environ.get("JAVA_TOOL_OPTIONS", ""):
        return []
    pem = bundle()
    if pem is None:
        return []
    target = folder / "truststore.p12"
    if not write(pem, target):
        return []
    return [
        f"-Djavax.net.ssl.trustStore={target}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
    ]
