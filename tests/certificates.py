"""Certificates for tests that speak TLS, made by the `openssl` command."""

import shutil
import subprocess
from pathlib import Path


def certificates(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1 and localhost that signs itself, and its key; return the folder of `cert.pem` and `key.pem`."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl = shutil.which("openssl")
    if openssl is None:
        raise FileNotFoundError("openssl is not installed")
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return folder
