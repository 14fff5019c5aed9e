"""What the account server was started with; one set per process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The command line of the server.

    Args:
        account_id: twelve digits; every ARN carries it.
        port: TCP port of the AWS API on 127.0.0.1.
        websocket_port: TCP port of the WebSocket APIs on 127.0.0.1.
        state_dir: where the account is saved.
        minute_seconds: real seconds that one emulated minute lasts.
        postgres_port: port of the PostgreSQL server behind RDS instances; None keeps RDS a control plane only.
        postgres_password_file: file with the superuser password of that server.
    """

    account_id: str = "123456789012"
    port: int = 0
    websocket_port: int = 0
    state_dir: Path = Path()
    minute_seconds: float = 60.0
    postgres_port: int | None = None
    postgres_password_file: Path | None = None

    @property
    def endpoint(self) -> str:
        """Return the URL under which AWS tools reach the account."""
        return f"http://127.0.0.1:{self.port}"


_current = Settings()


def current() -> Settings:
    """Return the settings of this process (defaults until `use` was called)."""
    return _current


def use(settings: Settings) -> None:
    """Make `settings` those of this process; called once, before the server starts."""
    global _current  # noqa: PLW0603 - one server, one set of settings
    _current = settings
