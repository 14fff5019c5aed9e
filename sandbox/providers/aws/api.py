"""Calls to the emulated account: clients made when first needed, errors as one line."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlparse

if TYPE_CHECKING:
    from botocore.model import Shape

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_GONE = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$")
_TAKEN = re.compile(
    r"AlreadyExist|AlreadyOwned|EntityAlready|NameExists|ResourceConflict|ResourceInUse|ResourceExists|^ConflictException$"
)


class AwsError(Exception):
    """A call that the account refused; the text is one line, `code` is AWS's error code."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code

    @property
    def taken(self) -> bool:
        """Whether the account says that the name is in use."""
        return bool(_TAKEN.search(self.code))


class NotFoundError(AwsError):
    """The thing that was asked for isn't there."""


class UnreachableError(AwsError):
    """Nothing answers at the account's endpoint."""


class Api:
    """The account behind one endpoint.

    `endpoint` is a loopback URL (others raise `AwsError`); `region` is used where a call names none.
    """

    def __init__(self, endpoint: str, region: str) -> None:
        if not endpoint or urlparse(endpoint).hostname not in LOOPBACK:
            shown = f"AWS_ENDPOINT_URL is {endpoint}" if endpoint else "AWS_ENDPOINT_URL is not set"
            raise AwsError(
                f"this aws provider only talks to the sandbox account on loopback, and {shown}; "
                "start the sandbox with make up and use its environment (make shell)"
            )
        self.endpoint = endpoint
        self.region = region
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()
        self._account = ""

    def client(self, service: str, region: str = "") -> Any:
        """The botocore client of a service."""
        key = (service, region or self.region)
        found = self._clients.get(key)
        if found is not None:
            return found
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._connect(*key)
            return self._clients[key]

    def _connect(self, service: str, region: str) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        if self._session is None:
            self._session = Session()
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106 - the sandbox account takes any
            config=Config(
                retries={"total_max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"},
                connect_timeout=2,
                read_timeout=120,
                max_pool_connections=32,
                parameter_validation=True,
            ),
        )

    def call(self, service: str, operation: str, region: str = "", **parameters: Any) -> dict[str, Any]:
        """The answer to an operation as ``create_queue``, without its metadata.

        Raises `NotFoundError`, `UnreachableError` or `AwsError`.
        """
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
        from botocore.parsers import ResponseParserError

        try:
            answer: dict[str, Any] = getattr(self.client(service, region), operation)(**parameters)
        except ClientError as error:
            raise refused(service, operation, error.response) from error
        except (ConnectionError, HTTPClientError) as error:
            raise UnreachableError(
                f"the sandbox account at {self.endpoint} does not answer; start it with make up"
            ) from error
        except ResponseParserError as error:
            raise AwsError(_failed(service, operation, http.HTTPStatus.INTERNAL_SERVER_ERROR), "500") from error
        except BotoCoreError as error:
            raise AwsError(f"{service} {operation}: {' '.join(str(error).split())}") from error
        answer.pop("ResponseMetadata", None)
        return answer

    def shapes(self, service: str, operation: str) -> tuple[Shape | None, Shape | None]:
        """Input and output shape of an operation in botocore's service model."""
        client = self.client(service)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        return model.input_shape, model.output_shape

    @property
    def account(self) -> str:
        """The account's id, twelve digits."""
        if not self._account:
            self._account = self.caller()["Account"]
        return self._account

    def caller(self) -> dict[str, str]:
        """Who calls: ``Account``, ``Arn`` and ``UserId``. Raises as `call` does."""
        return _identity(self.endpoint, self.region) or self.call("sts", "get_caller_identity")

    def function(self, name: str, qualifier: str, region: str) -> dict[str, Any]:
        """Lambda's answer to GetFunction for a version or an alias. Raises as `call` does."""
        found = _function(self.endpoint, region, name, qualifier)
        return found or self.call("lambda", "get_function", region, FunctionName=name, Qualifier=qualifier)


def _identity(endpoint: str, region: str) -> dict[str, str] | None:
    """The answer to GetCallerIdentity, asked without botocore; None where that says less than botocore would."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = _plainly(endpoint, region, "sts", ("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form))
    found = dict(re.findall(r"<(Account|Arn|UserId)>([^<]+)<", answer)) if answer else {}
    return found if len(found) == 3 else None


def _function(endpoint: str, region: str, name: str, qualifier: str) -> dict[str, Any] | None:
    """The same of Lambda's GetFunction."""
    path = f"/2015-03-31/functions/{quote(name, safe='')}?Qualifier={quote(qualifier, safe='')}"
    answer = _plainly(endpoint, region, "lambda", ("GET", path, None, {}))
    try:
        found = json.loads(answer) if answer else None
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("Configuration"), dict):
        return None
    # As botocore does: what is null isn't there.
    return {
        **found,
        "Configuration": {key: value for key, value in found["Configuration"].items() if value is not None},
    }


def _plainly(
    endpoint: str, region: str, service: str, request: tuple[str, str, str | None, dict[str, str]]
) -> str | None:
    """The body of an answer to a request (method, path, body, headers); None for any but a good answer.

    For the calls of a preview without changes, which the update waits for: botocore and a client of it take 0.25 s to
    load, this takes 0.01 s.
    """
    place = urlparse(endpoint)
    if place.scheme != "http" or not place.hostname:
        return None
    method, path, body, headers = request
    scope = f"Credential=sandbox/20000101/{region}/{service}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        connection.request(method, path, body, {**headers, "Authorization": signed})
        answer = connection.getresponse()
        text = answer.read().decode()
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return text if answer.status == http.HTTPStatus.OK else None


def _failed(service: str, operation: str, status: int) -> str:
    if status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"{service} {operation}: the sandbox account has nothing at this request's address (HTTP {status})"
    return f"{service} {operation}: the sandbox account failed inside (HTTP {status}); its log says why"


def refused(service: str, operation: str, answer: Mapping[str, Any]) -> AwsError:
    """The error for an answer that refuses: `NotFoundError` where its code says that the thing isn't there."""
    error = answer.get("Error", {})
    code = str(error.get("Code", ""))
    text = " ".join(str(error.get("Message") or code).split())
    if text.lower().startswith("<!doctype"):  # a page of the web server, not an answer of a service
        return AwsError(_failed(service, operation, answer["ResponseMetadata"]["HTTPStatusCode"]), code)
    kind = NotFoundError if _GONE.search(code) else AwsError
    return kind(f"{service} {operation}: {code}: {text}", code)
