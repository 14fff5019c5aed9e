"""What releases pin and machines run: function code and images, kept as sources and built to identical bytes anywhere.

functions/<system>/<function>/<version>/  one function's code; `_shared/<version>/` is the system's common package
images/<name>/<version>/                  one container image's files and its image.yaml
"""
