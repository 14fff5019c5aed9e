"""Messages to WebSocket connections (API Gateway, "Use @connections commands")."""

from __future__ import annotations

import json
import os
from typing import Any

from botocore.exceptions import ClientError

from rag import aws, connections


def send(connection_id: str, message: dict[str, Any]) -> None:
    """Send one JSON message to a connection, and forget a connection that is gone, so the others get theirs.

    Raises:
        botocore.exceptions.ClientError: the API refuses.
    """
    endpoint = os.environ.get("WEBSOCKET_ENDPOINT")
    if not endpoint:
        return
    api = aws.client("apigatewaymanagementapi", endpoint)
    try:
        api.post_to_connection(ConnectionId=connection_id, Data=json.dumps(message).encode())
    except ClientError as error:
        if error.response["Error"]["Code"] != "GoneException":
            raise
        connections.remove(connection_id)
