"""What keeps data from being lost in an update: durable types, hooks, recovery points, approvals, the plan, the audit.

Nothing here depends on a release: whichever version is deployed, the guard is today's. It knows no system of this
project, only types, so that any Pulumi program can register it.
"""
