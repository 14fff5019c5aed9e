"""What moves live traffic and hosts to another release during an update: CodeDeploy, waited for.

Pulumi sets an alias or a parameter in one step; CloudFormation would hand the step to CodeDeploy (UpdatePolicy), and so
does this room: a hook that the engine calls before it updates such a resource. The hook ends when the deployment has
ended. A deployment that failed, and that CodeDeploy took back, fails the hook: the engine then leaves the resource's
state as it was, which is what runs.
"""
