"""`systemctl` on a host: asks the process that plays the host.

python -I -S systemctl_client.py PORT STACK ACTION UNIT
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

SECONDS = 120


def main(arguments: list[str]) -> int:
    """Print what the host answers; returns systemctl's exit code."""
    port, stack, *words = arguments
    body = json.dumps({"arguments": words}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/hosts/{stack}/systemctl", data=body)
    # The host is on loopback, whatever proxy the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            found = json.loads(answer.read())
    except (OSError, urllib.error.URLError) as error:
        print(
            f"systemctl: the host {stack} doesn't answer ({error}): start the sandbox with `make up`", file=sys.stderr
        )
        return 1
    print(found["output"], end="", file=sys.stderr if found["code"] else sys.stdout)
    return int(found["code"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
