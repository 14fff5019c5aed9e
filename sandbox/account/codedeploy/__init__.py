"""CodeDeploy: Lambda deployments that really move an alias's traffic.

A deployment goes from Created over Queued and InProgress to its end by itself: its hooks are invoked, the weights of
the alias move with emulated time, alarms stop it, and a rollback puts the alias back. All of it is part of the saved
account, so that a deployment goes on after a restart; the time the account was down doesn't count.

Importing this package puts the operations into moto and registers the rounds with the server's tickers.
"""

from sandbox.account.codedeploy import lifecycle
from sandbox.account.codedeploy.api import install

install()

__all__ = ["lifecycle"]
