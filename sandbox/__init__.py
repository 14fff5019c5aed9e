"""The embedded default target: a local AWS account, a Kubernetes cluster and the tools to reach them."""
