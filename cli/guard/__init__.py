"""``rollback guard`` and ``rollback audit``: approvals, what bypassed the guard, stores that left the state."""
