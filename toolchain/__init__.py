"""The command-line tools of the sandbox: the Pulumi CLI with its Python language host, kubectl, Go builds."""
