"""What to do about each finding."""

SUGGESTIONS = {
    "audit-logging": "Write an audit log of every change, and keep it where those who are logged can't change it.",
    "authentication": "Put an authorizer in front of every route, and refuse whoever has no valid token.",
    "encryption-at-rest": "Turn encryption with a key of your own on for everything that stores data.",
    "encryption-in-transit": "Accept TLS 1.2 and later only.",
    "least-privilege": "Grant single actions on single resources.",
    "public-bucket": "Block public access to the bucket, and hand out links that expire.",
    "secrets-in-code": "Move it to a secrets manager, and change it: it is known already.",
}
"""By the name of the rule."""
