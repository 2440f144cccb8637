"""What the phones' door says when it cannot take anything in just now. The phone keeps its records and comes back."""

from tongxin.base.problems import Problem


class Later(Problem):
    """Nothing is wrong with the request; ``Retry-After`` and ``details.retry_after`` (seconds) say when to come back."""

    code = "field.later"
    status = 503
    next_step = "稍等再试；手机会自己重发。"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message, retry_after=round(seconds, 3))
        self.seconds = seconds


class TooFast(Later):
    """This phone sends more records than one phone may."""

    code = "field.too_fast"
    status = 429


class Busy(Later):
    """All phones together send more than is taken in."""

    code = "field.busy"


class Away(Later):
    """The database does not answer just now: what was sent was not written, or it was and the next try will say so."""

    code = "field.away"


class Failed(Problem):
    """The program itself failed; the cause is in its log. Nothing of the request was written."""

    code = "field.failed"
    status = 500
    next_step = "再试一次；还不行，把 var/logs/intake.log 交给维护的人。"
