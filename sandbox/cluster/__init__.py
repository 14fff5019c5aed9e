"""The local Kubernetes cluster: a control plane and simulated nodes in one Go program, and its launcher."""
