"""appspec.yml as CodeDeploy's agent reads it."""

from __future__ import annotations

import pytest

from sandbox.host.agent.appspec import AppSpecError, Copy, Script, parse

WHOLE = """
version: 0.0
os: linux
files:
  - source: /
    destination: /opt/app
  - source: conf/site
    destination: /etc/nginx
file_exists_behavior: OVERWRITE
permissions:
  - object: /opt/app
    pattern: "*.sh"
    except: [old.sh]
    mode: 755
    owner: somebody
    type: [file]
hooks:
  ApplicationStop:
    - location: hooks/stop.sh
      timeout: 30
      runas: root
  BeforeInstall:
  AfterInstall:
    - location: hooks/one.sh
    - location: hooks/two.sh
      timeout: 5
  BeforeAllowTraffic:
    - location: hooks/balancer.sh
"""


def test_a_whole_one() -> None:
    spec = parse(WHOLE)
    assert spec.files == (Copy("/", "/opt/app"), Copy("conf/site", "/etc/nginx"))
    assert spec.file_exists == "OVERWRITE"
    assert spec.hooks == {
        "ApplicationStop": (Script("hooks/stop.sh", 30),),
        "AfterInstall": (Script("hooks/one.sh", 3600), Script("hooks/two.sh", 5)),
        "BeforeAllowTraffic": (Script("hooks/balancer.sh", 3600),),
    }
    (permission,) = spec.permissions
    assert (permission.object, permission.pattern, permission.exceptions) == ("/opt/app", "*.sh", ("old.sh",))
    assert (permission.mode, permission.types) == (0o755, frozenset({"file"}))


def test_the_least_one() -> None:
    spec = parse("version: 0.0\nos: linux\n")
    assert (spec.files, spec.permissions, spec.hooks, spec.file_exists) == ((), (), {}, "DISALLOW")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty or isn't a mapping"),
        ("- a\n", "empty or isn't a mapping"),
        ("version: [\n", "isn't YAML"),
        ("os: linux\n", "version None: it must be 0.0"),
        ("version: 1.0\nos: linux\n", "version 1.0: it must be 0.0"),
        ("version: 0.0\nos: windows\n", "os 'windows': this host is linux"),
        ("version: 0.0\nos: linux\nfile_exists_behavior: MERGE\n", "one of DISALLOW, OVERWRITE, RETAIN"),
        ("version: 0.0\nos: linux\nfiles: a\n", "files isn't a list"),
        ("version: 0.0\nos: linux\nfiles: [{source: a}]\n", "an entry of files has no destination"),
        ("version: 0.0\nos: linux\nfiles: [{source: a, destination: b}]\n", "'b' isn't an absolute path"),
        ("version: 0.0\nos: linux\npermissions: [{mode: 644}]\n", "an entry of permissions has no object"),
        ("version: 0.0\nos: linux\npermissions: [{object: /a, mode: 888}]\n", "888 isn't one to four octal digits"),
        ("version: 0.0\nos: linux\npermissions: [{object: /a, type: [link]}]\n", "file or directory, not link"),
        ("version: 0.0\nos: linux\npermissions: [{object: /a, acls: {entries: [a]}}]\n", "doesn't set acls"),
        ("version: 0.0\nos: linux\nhooks: [a]\n", "isn't a mapping of lifecycle events"),
        ("version: 0.0\nos: linux\nhooks: {AfterInstal: [{location: a}]}\n", "unknown lifecycle events: AfterInstal"),
        ("version: 0.0\nos: linux\nhooks: {AfterInstall: [{timeout: 3}]}\n", "an entry of hooks has no location"),
        ("version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a, timeout: -1}]}\n", "not -1"),
        ("version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a, timeout: 3601}]}\n", "up to 3600"),
    ],
)
def test_what_cannot_be_followed_says_why(text: str, reason: str) -> None:
    with pytest.raises(AppSpecError, match=reason) as error:
        parse(text)
    assert "\n" not in str(error.value)
