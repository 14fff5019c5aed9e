"""The plugin's process: ``python -m sandbox.providers.aws``, started by the engine."""

from sandbox.providers import plugin
from sandbox.providers.aws.service import AwsProvider

if __name__ == "__main__":
    plugin.serve(AwsProvider())
