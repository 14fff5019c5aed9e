"""Fetches a revision from S3 and unpacks it, with the modes that its files have in the archive.

Source: CodeDeploy API reference, S3Location: bundleType, version and eTag.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TARS = ("tar", "tgz")


class BundleError(Exception):
    """A revision can't be had; the text is one line."""


def fetch(s3: S3Client, revision: dict[str, Any], folder: Path) -> None:
    """Download a revision and unpack it into `folder`, which is replaced. Raises BundleError."""
    if revision.get("revisionType") != "S3":
        raise BundleError(f"this host takes revisions from S3, not from {revision.get('revisionType')}")
    place = revision["s3Location"]
    bundle = folder.with_name("bundle")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _download(s3, place, bundle)
    # A rename ends it, so that an archive that is there is whole.
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _unpack(bundle, str(place.get("bundleType") or "zip").lower(), partial)
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise BundleError(f"the revision s3://{place['bucket']}/{place['key']} can't be unpacked: {error}") from error
    finally:
        bundle.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


def _download(s3: S3Client, place: dict[str, Any], target: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    given = {"Bucket": place["bucket"], "Key": place["key"]}
    if place.get("version"):
        given["VersionId"] = place["version"]
    try:
        answer = s3.get_object(**given)
        wanted, found = (str(tag or "").strip('"') for tag in (place.get("eTag"), answer["ETag"]))
        if wanted and wanted != found:
            raise BundleError(f"s3://{place['bucket']}/{place['key']} has the ETag {found}, not {wanted}")
        with target.open("wb") as file:
            shutil.copyfileobj(answer["Body"], file)
    except (BotoCoreError, ClientError) as error:
        raise BundleError(f"s3://{place['bucket']}/{place['key']} can't be downloaded: {error}") from error


def _unpack(bundle: Path, kind: str, folder: Path) -> None:
    if kind in TARS:
        with tarfile.open(bundle) as archive:
            archive.extractall(folder, filter="data")
        return
    if kind != "zip":
        raise BundleError(f"this host unpacks zip, {' and '.join(TARS)}, not {kind}")
    with zipfile.ZipFile(bundle) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            # zipfile leaves the modes out; a hook without its executable bit would be repaired with a warning only.
            mode = entry.external_attr >> 16 & 0o777
            if mode and path.is_file():
                path.chmod(mode)
