"""``rollback recovery``: the recovery points of a stack's durable stores."""
