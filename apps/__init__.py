"""What releases pin and machines run, kept as sources and built to identical bytes anywhere.

functions/<system>/<function>/<version>/  one function's code; `_shared/<version>/` is the system's common package
layers/<system>/<name>/<version>/         one Lambda layer: a Python package in the folder python/
revisions/<system>/<version>/             one application with its lifecycle hooks, as CodeDeploy deploys it in place
images/<name>/<version>/                  one container image's files and its image.yaml
"""
