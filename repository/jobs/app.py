"""Celery carries a wake-up: a message without arguments that says "look at the rows", and the schedule that sends it.

Nothing depends on a message. Lost, the next tick of the schedule makes up for it; doubled or late, the drain that it
starts finds nothing to lease. So a broker may lose its queues, be down while work is asked for, or be exchanged.
"""

import logging
from collections.abc import Callable

from celery import Celery
from kombu.exceptions import OperationalError

from repository.settings import Settings

DRAIN = "edm_archive.drain"
QUEUE = "edm-archive"
EVERY = 5.0  # seconds
PATIENCE = 2.0  # seconds for a broker to answer whoever only wants to wake others

_log = logging.getLogger(__name__)


def make_app(settings: Settings, *, work: Callable[[], object] | None = None, every: float = EVERY) -> Celery:
    """The application on `settings.broker`; with `work` it can also be run: each message calls it, in the
    thread that serves the connection, so it has to return at once."""
    app = Celery("edm-archive", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,  # whoever reaches the broker can wake a worker, and nothing else
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=PATIENCE,
        broker_transport_options={"socket_connect_timeout": PATIENCE},
        beat_schedule={"drain": {"task": DRAIN, "schedule": every, "options": {"expires": 2 * every}}},
    )
    if work is not None:

        @app.task(name=DRAIN)  # type: ignore[untyped-decorator]
        def drained() -> None:
            work()

    return app


def wake(settings: Settings) -> bool:
    """Workers are told to look at the rows. Call it after the row is committed.

    False where no broker is named or none answers: then the schedule or the embedded worker gets to it.
    """
    if not settings.broker:
        return False
    app = make_app(settings)
    app.conf.broker_transport_options |= {"max_retries": 0}
    try:
        with app.connection_for_write(connect_timeout=PATIENCE) as connection:
            connection.ensure_connection(max_retries=0, timeout=PATIENCE)
            app.send_task(DRAIN, connection=connection, retry=False, expires=2 * EVERY)
    except (OperationalError, OSError) as error:
        _log.warning("no broker answers (%s): the job waits for the schedule", type(error).__name__)
        return False
    finally:
        app.close()
    return True
