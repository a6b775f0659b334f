"""A worker as a process of its own: what it is told when it begins, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
from io import RawIOBase
from pathlib import Path
from types import FrameType
from typing import Final

from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.specs import Lane
from sfumato.studio.place import Place
from sfumato.studio.workers.kinds import handler_of
from sfumato.studio.workers.orders import Orders
from sfumato.studio.workers.owners import own_name
from sfumato.studio.workers.runner import Runner

LEAVING_SECONDS: Final = 6.0  # in which a job is left with all that it has; after that it is given back as it is
# How nice a lane is to other programs of this computer (nice(2)): somebody waits for works, which are made in moments,
# and a training has minutes. The server, which answers the page, is before all of them.
NICENESS: Final[dict[Lane, int]] = {"make": 2, "files": 3, "train": 5}


def work(told: RawIOBase) -> None:
    """Be the worker that the first line of ``told`` describes, until there is nothing more to do, or its end tells that
    the server is gone. It is not buffered: a thread may wait for it when the process ends. Raises SfumatoError where
    the database cannot be opened."""
    orders = Orders.read(told.readline())
    leaving = threading.Event()
    os.nice(NICENESS[orders.lane])
    database = Database.open(Place(Path(orders.place)), orders.database)
    runner = Runner(
        database,
        orders.lane,
        own_name(),
        roots=[Path(root) for root in orders.roots],
        leaving=leaving,
        dies=die if orders.job is not None else None,
    )
    _end_with(told, leaving, runner)
    if orders.lane == "make":
        runner.warm_up()
    elif orders.lane == "train":
        handler_of("train")  # torch is there before the job is taken
    if orders.job is None:
        runner.run()
    else:
        runner.one(orders.job)
    database.close()


def die() -> None:
    """End this process and all that it has started, as a process group's leader; what was in its hands is as after any
    kill, of which nothing suffers."""
    os.killpg(0, signal.SIGKILL)


def _end_with(told: RawIOBase, leaving: threading.Event, runner: Runner) -> None:
    """Leave when the server closes the pipe, by its death too, or with SIGTERM; at the latest after LEAVING_SECONDS."""

    def leave() -> None:
        leaving.set()
        if runner.is_idle:  # it may be reading torch from the disk, which takes long where much else is done
            os._exit(0)
        runner.look()
        threading.Event().wait(LEAVING_SECONDS)
        runner.give_back()
        die()

    def listen() -> None:
        while told.read(1):
            pass
        leave()

    def asked(number: int, frame: FrameType | None) -> None:
        runner.look()
        threading.Thread(target=leave, daemon=True).start()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends its workers
    threading.Thread(target=listen, name="the server", daemon=True).start()
