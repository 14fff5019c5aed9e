"""RDS instances with a real PostgreSQL database behind them.

Without a PostgreSQL server (no --postgres-port) RDS stays what moto makes it: a control plane without data.
All instances share one server, but each has a port of its own, where its master user and its database go by the names
they were asked for (`names`, `wire`, `endpoints`).
"""

from sandbox.account.databases import api

api.install()
