"""The commands about approvals, recovery points and the audit: this project's ``rollback`` has them, and any other
Pulumi project by ``rollback-guard``.
"""
