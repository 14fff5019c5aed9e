"""checkov on Pulumi: a preview or a state as what checkov reads, its findings back at the lines of the program.

AWS becomes a Terraform plan, Kubernetes becomes manifests. checkov itself lives in an environment of its own and never
leaves the machine. ``python -m policies.checkov --help`` is the command; ``scan`` the same for programs.
"""

from policies.checkov.errors import CheckovError
from policies.checkov.findings import Report
from policies.checkov.scanning import scan

__all__ = ["CheckovError", "Report", "scan"]
