"""RDS instances with a real PostgreSQL database behind them.

Without a PostgreSQL server (no --postgres-port) RDS stays what moto makes it: a control plane without data.
All instances share one server, so a database name or master user that another instance has already gets the
instance's identifier added; what DescribeDBInstances and the master user's secret say is always what logs in.
"""

from sandbox.account.databases import api

api.install()
