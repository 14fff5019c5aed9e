"""``python -m tests.policies.checkov.names``: derives ``policies/checkov/data/words.json`` anew."""

from __future__ import annotations

import json

from policies.checkov import naming
from tests.policies.checkov.names import derive, fetch, pulumi_words

if __name__ == "__main__":
    found = derive.table(pulumi_words.read(), fetch.terraform())
    (naming.DATA / naming.WORDS).write_text(json.dumps(found, indent=1) + "\n")
