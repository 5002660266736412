"""Objects in a bucket of any S3 API: Backblaze B2, AWS, R2, MinIO, SeaweedFS.

Only what all of them have is used: no conditional PUT, and no checksums of the newer kinds. boto3 pages, reads large
objects in parts, and repeats what failed for a passing reason (its standard retries). What is left to do here is to
pass keys and proxy, and to raise its errors as ours:

    NoObjectError     it is not there
    RefusedError      keys, rights, bucket or region are wrong, and so would be everything else
    UnreachableError  it is busy, out of reach or cuts answers, and was so in each of `MOST_ASKED` attempts

Nothing is sent past the proxy, when there is one, and the environment's own proxies are ignored (`core.http`).
"""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5
from io import BytesIO
from typing import IO, Any, Final
from urllib.parse import urlsplit

from reelmake.core.errors import NoObjectError, ObjectsError, RefusedError, SetupError, UnreachableError
from reelmake.core.http import CONNECT_SECONDS
from reelmake.core.logging import redact

Variable = Callable[[str], str | None]

ENDPOINT: Final = "S3_ENDPOINT_URL"
AWS_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
B2_KEYS: Final = ("B2_APPLICATION_KEY_ID", "B2_APPLICATION_KEY")
TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105 (its name)
REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_ADDRESS: Final = re.compile(r"https?://(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(/[^\s?#@]*)?")
VARIABLES: Final = (ENDPOINT, *AWS_KEYS, TOKEN, *REGIONS, *B2_KEYS)  # all that is read
NO_REGION: Final = "us-east-1"  # sent to APIs that have no regions

MOST_ASKED: Final = 5
MOST_READ: Final = 3  # attempts to read an answer that has begun, and is cut
MOST_AT_ONCE: Final = 16  # requests of one kind
MOST_CONNECTIONS: Final = 32  # that are kept open
ANSWER_SECONDS: Final = 30.0  # without a byte
RANGE_BYTES: Final = 64 << 20  # larger objects are read in parts, one after the other
PAGE_NAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class Access:
    """Endpoint, region, keys and proxy of an S3 API; no endpoint means AWS itself."""

    endpoint: str | None
    region: str
    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False, default=None)
    proxy: str | None = field(repr=False, default=None)


def access(variable: Variable, proxy: str | None) -> Access:
    """Return how the S3 API of this machine's variables is reached; raises SetupError when one is missing."""
    endpoint = variable(ENDPOINT)
    if endpoint is not None and not _ADDRESS.fullmatch(endpoint):  # it is not shown: there may be a password in it
        raise SetupError(f"{ENDPOINT} is no address", "write one such as https://s3.us-west-004.backblazeb2.com")
    host = urlsplit(endpoint).hostname or "" if endpoint else ""
    pairs = (B2_KEYS, AWS_KEYS) if host.endswith(".backblazeb2.com") else (AWS_KEYS, B2_KEYS)
    names = next((pair for pair in pairs if all(map(variable, pair))), None)
    if names is None:
        half = next((pair for pair in pairs if any(map(variable, pair))), pairs[0])
        missing = [name for name in half if not variable(name)]
        what = f"there are no keys for S3: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set"
        raise SetupError(what, f"write {missing[0]}=... into .env")
    if names == B2_KEYS and not endpoint:
        fix = f"write {ENDPOINT}=https://s3.<region>.backblazeb2.com, as the bucket's page says"
        raise SetupError(f"there are keys for Backblaze B2, and no {ENDPOINT}", fix)
    key_id, secret = (str(variable(name)) for name in names)
    region = next(filter(None, map(variable, REGIONS)), None) or _region_of(host)
    return Access(endpoint, region, key_id, secret, variable(TOKEN) if names == AWS_KEYS else None, proxy)


def _region_of(host: str) -> str:
    """Return the region in a host name such as `s3.us-west-004.backblazeb2.com`."""
    if host.endswith(".r2.cloudflarestorage.com"):
        return "auto"
    parts = host.split(".")
    return parts[1] if host.endswith(".backblazeb2.com") and parts[0] == "s3" else NO_REGION


def place(url: str) -> tuple[str, str]:
    """Return the bucket and the prefix of `s3://bucket/some/prefix`; raises ValueError when it is not of this form."""
    scheme, _, rest = url.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    if scheme != "s3" or not bucket or any(mark in url for mark in "?#@ ") or "//" in prefix:
        raise ValueError(url)
    return bucket, f"{prefix}/" if prefix else ""


class Bucket:
    """The objects of a bucket whose names begin with a prefix; names are given and returned without it.

    Any thread may use it. Every method raises ObjectsError.

    url  `s3://bucket/prefix`
    """

    def __init__(self, url: str, access: Access) -> None:
        self.url = url
        self.name, self.prefix = place(url)
        self._access = access

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Yield the boto3 client; its exceptions are raised as ObjectsError."""
        try:
            s3 = client_of(self._access)
        except Exception as error:  # noqa: BLE001 (boto3 raises many types here, each for a wrong endpoint or region)
            fix = f"check {ENDPOINT} and {REGIONS[0]}"
            raise RefusedError(redact(f"s3://{self.name} cannot be reached: {error}"), fix) from None
        try:
            yield s3
        except Exception as error:
            if ours := problem(error, f"s3://{self.name}", self._access):
                raise ours from None
            raise

    def place(self, name: str) -> dict[str, str]:
        """Return boto3's arguments that name an object."""
        return {"Bucket": self.name, "Key": self.prefix + name}

    def head(self, name: str) -> Mapping[str, Any] | None:
        """Return the metadata of an object (ContentLength, ETag, Metadata, ...), or None when it is not there."""
        try:
            with self.client() as s3:
                found: Mapping[str, Any] = s3.head_object(**self.place(name))
        except NoObjectError:
            return None
        return found

    def read(self, name: str) -> bytes | None:
        """Return the bytes of an object, or None when it is not there."""
        content = BytesIO()
        return content.getvalue() if self.fetch(name, content) else None

    def fetch(self, name: str, into: IO[bytes]) -> bool:
        """Write the bytes of an object into a file that is empty; False when it is not there."""
        from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 (slow)

        in_turn = TransferConfig(
            multipart_threshold=RANGE_BYTES,
            multipart_chunksize=RANGE_BYTES,
            num_download_attempts=MOST_READ,
            use_threads=False,
        )
        try:
            with self.client() as s3:
                s3.download_fileobj(**self.place(name), Fileobj=into, Config=in_turn)
        except NoObjectError:
            return False
        return True

    def put(self, name: str, content: bytes, **headers: str) -> None:
        """Write an object, replacing one of the same name; `headers` are boto3's: ContentType, CacheControl, ..."""
        with self.client() as s3:
            s3.put_object(**self.place(name), Body=content, ContentMD5=sum_of(content), **headers)

    def names(self, under: str = "") -> Iterator[str]:
        """Return the names of all objects that begin so, in order."""
        return (name for name, _ in self.listed(under))

    def listed(self, under: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Return the names of all objects that begin so, in order, each with its Size, LastModified, ..."""
        with self.client() as s3:
            pages = s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=self.prefix + under, PaginationConfig={"PageSize": PAGE_NAMES}
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield str(entry["Key"])[len(self.prefix) :], entry

    def problem(self) -> ObjectsError | None:
        """List one object at most, and return what is wrong with the bucket, the keys or the network; None: nothing."""
        try:
            with self.client() as s3:
                s3.list_objects_v2(Bucket=self.name, Prefix=self.prefix, MaxKeys=1)
        except ObjectsError as error:
            return error
        return None

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is no mistake."""
        with self.client() as s3:
            s3.delete_object(**self.place(name))

    def signed_url(self, name: str, seconds: int) -> str:
        """Return an address from which anybody can fetch an object for so long."""
        with self.client() as s3:
            return str(s3.generate_presigned_url("get_object", Params=self.place(name), ExpiresIn=seconds))


def sum_of(content: bytes) -> str:
    """Return the base64 MD5 by which an API detects content that was damaged on the way."""
    return b64encode(md5(content, usedforsecurity=False).digest()).decode()


_KEYS: Final = "check the keys, what they are allowed to do, and the name of the bucket"
_DAMAGED: Final = "BadDigest"
_BUSY: Final = ("SlowDown", "RequestTimeout", "ServiceUnavailable", "InternalError", "TooManyRequests", _DAMAGED)
_MISSING: Final = ("NoSuchKey", "NoSuchUpload", "NotFound", "404")
_REFUSED: Final[Mapping[str, str]] = {  # code -> what to do
    "NoSuchBucket": "make the bucket, or fix its name",
    "InvalidBucketName": "fix the bucket's name",
    "PermanentRedirect": "set AWS_REGION to the bucket's region",
    "AuthorizationHeaderMalformed": "set AWS_REGION to the bucket's region",
    "301": "set AWS_REGION to the bucket's region",
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "InvalidToken": _KEYS,
    "ExpiredToken": "the keys have ended: get new ones",
    "RequestTimeTooSkewed": "set the clock of this machine",
}
_NO_ACCOUNT: Final = (401, 402, 403)
_NOT_NOW: Final = (408, 409, 425, 429)
_SERVER_ERROR, _NOT_IMPLEMENTED = 500, 501


def problem(error: Exception, whose: str, access: Access) -> ObjectsError | None:
    """Return an exception of boto3 as an ObjectsError; None for exceptions of other code."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    error = getattr(error, "last_exception", error)  # of all attempts to read an answer
    if isinstance(error, ClientError):
        return _answered(error.response, whose)
    if (why := next((_BROKEN[name] for name in _names_of(error) if name in _BROKEN), None)) is None:
        return None
    where = access.endpoint or "AWS"
    through = "the network, and the proxy of REELMAKE_PROXY" if access.proxy else "the network"
    what = f"{whose} cannot be reached at {where}: {why}"
    return UnreachableError(what, f"check {ENDPOINT}, and {through}")


def _names_of(error: Exception) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


_BROKEN: Final[Mapping[str, str]] = {  # botocore's exception, most particular first -> why no whole answer arrived
    "ConnectTimeoutError": "it does not answer",
    "ReadTimeoutError": "its answer takes too long",
    "SSLError": "its certificate is not accepted",
    "ProxyConnectionError": "the proxy does not let calls through",
    "EndpointConnectionError": "no connection can be made",
    "HTTPClientError": "the connection was cut",
    "IncompleteReadError": "the connection was cut",
    "ResponseStreamingError": "the connection was cut",
    "TimeoutError": "its answer takes too long",
    "ConnectionError": "the connection was cut",
    "ResponseParserError": "its answer makes no sense",
}


def _answered(response: Mapping[str, Any], whose: str) -> ObjectsError:
    """Return an error response of the API as an ObjectsError."""
    about, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, status = str(about.get("Code", "")), int(meta.get("HTTPStatusCode") or 0)
    message = " ".join(str(about.get("Message") or "it gave no reason").split())[:300]
    said = redact(f"{whose}: {message} (HTTP {status}{f', {code}' if code and code != str(status) else ''})")
    if code in _REFUSED or status in _NO_ACCOUNT:
        return RefusedError(said, _REFUSED.get(code, _KEYS))
    if code in _MISSING:
        return NoObjectError(said, "nothing is wrong with the server")
    if code in _BUSY or status in _NOT_NOW or (status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED):
        return UnreachableError(said, "try again later")
    return ObjectsError(said, "look at what the server's documentation says of this")


_making = threading.Lock()


def client_of(access: Access) -> Any:
    """Return the boto3 client for an API; the first one is slow to load."""
    with _making:  # making one is not for several threads at once; and one is enough
        return _made_client(access)


@cache
def _made_client(access: Access) -> Any:
    from botocore.config import Config  # noqa: PLC0415

    socks = access.proxy is not None and access.proxy.startswith("socks5")
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"total_max_attempts": MOST_ASKED, "mode": "standard"},
        max_pool_connections=MOST_CONNECTIONS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        signature_version="s3v4",
        s3={"addressing_style": "path" if access.endpoint else "auto"},
        proxies={} if access.proxy is None or socks else {"http": access.proxy, "https": access.proxy},
    )
    client = _session().client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region,
        aws_access_key_id=access.key_id,
        aws_secret_access_key=access.secret,
        aws_session_token=access.token,
        config=config,
    )
    client.meta.events.register_first("needs-retry.s3", _again_when_damaged)
    if socks:
        client._endpoint.http_session = _through_socks(str(access.proxy))  # noqa: SLF001 (there is no option for it)
    return client


def _again_when_damaged(response: Any, attempts: int, **_: Any) -> float | None:
    """Have a request sent again at once that arrived damaged: boto3 takes that for a mistake of ours."""
    code = response[1].get("Error", {}).get("Code") if response else None
    return 0.0 if code == _DAMAGED and attempts < MOST_ASKED else None


@cache
def _session() -> Any:
    """Return the boto3 session, which has loaded its description of S3: that takes a while."""
    import boto3.session  # noqa: PLC0415 (slow, too)

    return boto3.session.Session()


def _through_socks(proxy: str) -> Any:
    """Return botocore's HTTP session, whose connections are made by a SOCKS proxy; names are resolved there."""
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415
    from urllib3.contrib.socks import SOCKSProxyManager  # noqa: PLC0415

    session = URLLib3Session(
        proxies={}, timeout=(CONNECT_SECONDS, ANSWER_SECONDS), max_pool_connections=MOST_CONNECTIONS
    )
    url = proxy.replace("socks5://", "socks5h://", 1)
    session._manager = SOCKSProxyManager(url, **session._get_pool_manager_kwargs())  # noqa: SLF001
    return session
