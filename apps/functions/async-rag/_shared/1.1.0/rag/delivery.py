"""Messages to WebSocket connections (API Gateway, "Use @connections commands")."""

from __future__ import annotations

import json
import os
from typing import Any

from rag import aws


def send(connection_id: str, message: dict[str, Any]) -> None:
    """Send one JSON message to a connection; without a WEBSOCKET_ENDPOINT there is no API to send through.

    Raises:
        botocore.exceptions.ClientError: the connection is gone, or the API refuses.
    """
    endpoint = os.environ.get("WEBSOCKET_ENDPOINT")
    if endpoint:
        api = aws.client("apigatewaymanagementapi", endpoint)
        api.post_to_connection(ConnectionId=connection_id, Data=json.dumps(message).encode())
