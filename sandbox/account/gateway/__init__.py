"""API Gateway that really answers: REST and HTTP APIs below /_aws/execute-api/, WebSocket APIs on their own port."""

from sandbox.account.gateway import http, websocket

__all__ = ["http", "websocket"]
