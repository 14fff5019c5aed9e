"""CodeDeploy's agent, as far as in-place deployments to a Linux machine go.

Source: CodeDeploy user guide, "AppSpec file structure for EC2/on-premises deployments", "AppSpec 'hooks' section for an
EC2/on-premises deployment" and "CodeDeploy agent"; in doubt, what the agent's own published source does.

Not done: `runas`, `owner`, `group` (everything runs as the user who runs the sandbox), ACLs and SELinux contexts.
"""
