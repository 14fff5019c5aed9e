"""Provider plugins of the sandbox: they speak Pulumi's ResourceProvider protocol for targets on loopback only."""
