"""Asking a museum, politely: one request at a time, at each host's pace, again after a while where it is busy.

Only the museum's own hosts are asked, whatever its answers or redirections name: no file, no other scheme, nobody
else's network. What they answer is read up to a limit of bytes and of time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from sfumato import __version__
from sfumato.collection.museums.pace import Clock, Pace, Rate, TooLongError, usual_folder
from sfumato.images import unusable
from sfumato.images.files import HEAD_BYTES, check_head, is_truncated, picture_format
from sfumato.images.unusable import UnusableError
from sfumato.text import counted, printable, shortened

if TYPE_CHECKING:
    import requests

USER_AGENT: Final = f"sfumato/{__version__} (collects works in the public domain; one request at a time)"
MOST_DATA: Final = 32 * 1024**2  # bytes of an answer in JSON
MOST_PICTURE: Final = 128 * 1024**2
TRIES: Final = 5
PATIENCE: Final = 600.0  # seconds that are waited at once
_FIRST_WAIT: Final = 2.0  # seconds after a failure
_FIRST_PENALTY: Final = 30.0  # where a host says that it is asked too often, and not for how long
_MOST_WAIT: Final = 120.0
_REDIRECTIONS: Final = 4
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({404, 410})
_AWAY: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Host:
    """Where a museum answers. origin: 'https://api.artic.edu', with the port if it has one; headers: that only this
    host gets; throttling: the statuses by which it says that it is asked too often."""

    origin: str
    rate: Rate
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # there may be a key in them
    throttling: frozenset[int] = frozenset({429})


class AnswerError(Exception):
    """Why a museum's answer is of no use; the text follows a colon."""


class RefusedError(AnswerError):
    """It would be of none if it were asked for again now. status: of the answer, 0 where that is not the reason."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.status = status

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing at the address."""
        return self.status in _GONE


class FailedError(AnswerError):
    """It may be of use at another time. is_lasting: whether that is so for all that could be asked for now."""

    def __init__(self, said: str, *, is_lasting: bool = False) -> None:
        super().__init__(said)
        self.is_lasting = is_lasting


_Read = TypeVar("_Read")


@dataclass
class _Try:
    """Why one request failed that may be made again. penalty: whether the host is asked too often; seconds: that it
    wants to be left alone; is_lasting: whether any other request to it would fail too."""

    said: str
    penalty: bool = False
    seconds: float | None = None
    is_lasting: bool = False


class Client:
    """Asks the hosts of one museum. clock, folder (of `pace.usual_folder`), timeouts (to connect, between two pieces of
    an answer, for all of it, in seconds) and patience are for tests."""

    def __init__(
        self,
        hosts: tuple[Host, ...],
        *,
        clock: Clock | None = None,
        folder: Path | None = None,
        timeouts: tuple[float, float, float] = (15.0, 60.0, 300.0),
        patience: float = PATIENCE,
    ) -> None:
        import requests  # only who asks a museum needs it

        self._hosts = {host.origin: host for host in hosts}
        self._clock, self._timeouts, self._patience = clock or Clock(), timeouts, patience
        folder = folder or usual_folder()
        self._paces = {
            host.origin: Pace(folder, urlsplit(host.origin).netloc, host.rate, self._clock, patience) for host in hosts
        }
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT

    def close(self) -> None:
        """End all connections."""
        self._session.close()

    def data(self, url: str, **asked: str | int) -> Any:
        """What a JSON answer says; asked: the parameters of the request. Raises AnswerError."""
        return self._answer(url, asked, MOST_DATA, _parsed)

    def picture(self, url: str) -> bytes:
        """The bytes of a picture's file, which begins and ends as one does. Raises AnswerError."""
        return self._answer(url, {}, MOST_PICTURE, _checked)

    def _answer(
        self, url: str, asked: Mapping[str, str | int], most: int, read: Callable[[bytes], _Read | _Try]
    ) -> _Read:
        url, failures = self._own(url), [_Try("")]
        for number in range(TRIES):
            if number:
                self._wait(url, failures)
            body = self._once(url, asked, most)
            answer = body if isinstance(body, _Try) else read(body)
            if not isinstance(answer, _Try):
                return answer
            failures.append(answer)
        raise FailedError(failures[-1].said, is_lasting=failures[-1].is_lasting)

    def _wait(self, url: str, failures: list[_Try]) -> None:
        """Wait after a failure, twice as long as after the one before that was like it, if the host says nothing."""
        last = failures[-1]
        alike = sum(failed.penalty == last.penalty for failed in failures[1:])
        seconds = min((_FIRST_PENALTY if last.penalty else _FIRST_WAIT) * 2 ** (alike - 1), _MOST_WAIT)
        if last.seconds is not None:
            seconds = last.seconds
        if seconds > self._patience:
            raise FailedError(f"{last.said}, and wants to be left alone for {_time(seconds)}", is_lasting=True)
        if last.penalty or last.seconds is not None:
            with _notable():
                self._paces[_origin(url)].hold(seconds)  # others that ask at the same time wait too
        self._clock.sleep(seconds)

    def _once(self, url: str, asked: Mapping[str, str | int], most: int) -> bytes | _Try:
        """One request, and those that it is redirected to. Raises AnswerError where another would be of no use."""
        import requests
        from urllib3.exceptions import HTTPError

        try:
            for _ in range(_REDIRECTIONS):
                host = self._hosts[_origin(url)]
                self._take_turn(host)
                with closing(
                    self._session.get(
                        url,
                        params=asked,
                        headers=host.headers,
                        timeout=self._timeouts[:2],
                        allow_redirects=False,
                        stream=True,
                    )
                ) as response:
                    if response.status_code not in _AWAY:
                        return self._read(response, host, most)
                    url, asked = self._own(urljoin(url, response.headers.get("Location", ""))), {}
        except requests.Timeout as error:
            return _Try("does not answer in time", is_lasting=isinstance(error, requests.ConnectTimeout))
        except (requests.ConnectionError, HTTPError) as error:
            why = _why(error)
            return _Try(why, is_lasting=why.startswith("cannot"))
        except (requests.RequestException, ValueError) as error:  # an address that is none, among others
            raise RefusedError(f"cannot be asked for ({shortened(' '.join(str(error).split()), 100)})") from error
        raise RefusedError("redirects again and again")

    def _take_turn(self, host: Host) -> None:
        try:
            with _notable():
                self._paces[host.origin].wait()
        except TooLongError as error:
            raise FailedError(
                f"has been asked as often as its limit allows, and may be asked again in {_time(error.seconds)}",
                is_lasting=True,
            ) from error

    def _read(self, response: requests.Response, host: Host, most: int) -> bytes | _Try:
        status = response.status_code
        if status in _PASSING | host.throttling:
            said = "says that it is asked too often" if status in host.throttling else "is busy or out of order"
            return _Try(
                f"{said} ({status})", status in host.throttling, self._seconds(response.headers.get("Retry-After"))
            )
        if status in _GONE:
            raise RefusedError(f"is not there ({status})", status)
        if status != 200:
            raise RefusedError(f"answers with status {status}", status)
        data, deadline = b"", self._clock.now() + self._timeouts[2]
        while part := response.raw.read1(1 << 16, decode_content=True):
            data += part
            if len(data) > most:
                raise RefusedError(f"has more than {most // 1024**2} MB")
            if self._clock.now() > deadline:
                return _Try("does not answer in time")
        return data

    def _seconds(self, after: str | None) -> float | None:
        """What a header Retry-After says, in seconds or as a date (RFC 9110, 10.2.3); None where it says nothing."""
        text = (after or "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - self._clock.now())

    def _own(self, url: str) -> str:
        """The address, by HTTPS if that host is the museum's. Raises RefusedError for another host's."""
        if url.startswith("http://") and _origin(f"https{url[4:]}") in self._hosts:
            url = f"https{url[4:]}"
        if _origin(url) not in self._hosts:
            raise RefusedError(f"lies elsewhere ({printable(shortened(url, 100))}), which is not the museum's")
        return url


def _origin(url: str) -> str:
    """'https://api.artic.edu' of an address; what is none, or could be read as another's, has the origin ''."""
    if "\\" in url or not url.isprintable():
        return ""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        return ""
    if split.username is not None or split.password is not None:
        return ""
    usual = {"https": 443, "http": 80}.get(split.scheme)
    return f"{split.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        is_page = data[:HEAD_BYTES].lstrip().lower().startswith((b"<!doctype", b"<html"))
        return _Try("answers with a web page in place of data" if is_page else "answers with what is no JSON")


def _checked(data: bytes) -> bytes | _Try:
    try:
        check_head(data[:HEAD_BYTES], len(data))
    except UnusableError as error:
        if error.kind == unusable.EMPTY:
            return _Try("is empty")
        raise RefusedError(f"cannot be used ({error.reason})") from error
    if is_truncated(data, picture_format(data[:HEAD_BYTES]) or ""):
        return _Try("breaks off")
    return data


@contextmanager
def _notable() -> Iterator[None]:
    """Raises FailedError where the time of a request cannot be noted: nobody is asked then."""
    try:
        yield
    except OSError as error:
        raise FailedError(f"is not asked, as the time of that cannot be noted ({error})", is_lasting=True) from error


def _why(error: BaseException) -> str:
    """Why a connection failed, in a few words."""
    text = str(error)
    known = {
        "refused": "cannot be reached (the connection is refused)",
        "resolve": "cannot be reached (its name leads nowhere)",
        "certificate": "cannot be trusted (its certificate does not hold)",
        "timed out": "does not answer in time",
        "IncompleteRead": "breaks off",
    }
    return next((said for sign, said in known.items() if sign in text), "breaks off the connection")


def _time(seconds: float) -> str:
    return counted(round(seconds / 60), "minute") if seconds >= 90 else f"{seconds:.0f} s"
