"""CloudWatch alarms that judge the account's metric data and act on it.

`on_state_change` is how other parts (CodeDeploy) hear of an alarm. Importing this package puts the
missing operations into moto, has log metric filters feed them, and registers the evaluation with the server's tickers.
"""

from sandbox.account import log_metrics
from sandbox.account.alarms import actions, evaluation
from sandbox.account.alarms.api import install
from sandbox.account.alarms.states import StateChange, on_state_change

install()

__all__ = ["StateChange", "actions", "evaluation", "log_metrics", "on_state_change"]
