"""Why a batch is refused, and why a record is kept but counts nowhere.

A refused batch stores nothing; a *mark* is set on a stored record, whose receipt carries its code.
"""

from tongxin.base.problems import Conflict, Problem
from tongxin.base.words import say


class BadBatch(Problem):
    """The batch itself cannot be read; nothing of it was stored."""

    code = "ledger.bad_batch"
    next_step = "改正这一批再发；手机里的记录先不要删。"


class Gap(Problem):
    """The batch begins beyond the head of its chain; ``details.head`` says where to go on."""

    code = "ledger.gap"
    status = 409
    next_step = "从 details.head 的下一条接着发。"


class Fork(Problem):
    """A record differs from the one already held under its number, or does not follow the head."""

    code = "ledger.fork"
    status = 409
    next_step = "换一条新链，把没有回执的记录重新发一遍。"


class Settled(Conflict):
    """A matter that is decided about or chased is closed already, or does not wait for approval."""

    code = "ledger.settled"


class NotTaken(Conflict):
    """What was done at the desk would not have counted, so nothing was stored; the message says why."""

    code = "ledger.not_taken"


class Mark(Problem):
    """A record that is kept but counts nowhere until a person has looked at it."""

    code = "ledger.mark"
    next_step = "由指挥部查看原始记录。"


class Unreadable(Mark):
    """The record is not the JSON object that the protocol describes, in its one canonical form."""

    code = "ledger.unreadable"


class TooLong(Mark):
    """The record is longer than any form makes it (64 KiB)."""

    code = "ledger.too_long"


class RevokedDevice(Mark):
    """The phone's enrolment had been revoked when the record came in: whoever holds it may say anything, also about the time."""

    code = "ledger.revoked_device"


class WrongEnvelope(Mark):
    """The record names another device, chain, number or version than the batch that brought it."""

    code = "ledger.wrong_envelope"


class BadAct(Mark):
    """A report that names a target, another act that names none or says what it may not, or a stated time on what a phone wrote
    down as it happened.
    """

    code = "ledger.bad_act"


class UnknownActivityVersion(Mark):
    """No activity of this id and content hash is known."""

    code = "ledger.unknown_activity"


class BadAnswer(Mark):
    """A required answer is missing, a question unknown, or an answer not of its question's type."""

    code = "ledger.bad_answer"


class UnknownReference(Mark):
    """The order, duty, place or organisation does not exist, or the activity needs one and none is named."""

    code = "ledger.unknown_reference"


class NotOrdered(Mark):
    """The order does not name the activity, or was not in force when it happened."""

    code = "ledger.not_ordered"


class NoAuthority(Mark):
    """The member held no role in that area when it happened."""

    code = "ledger.no_authority"


def meaning(code: str) -> str:
    """Return what a mark says, in the language being spoken."""
    return {
        Unreadable.code: say("原文读不懂"),
        TooLong.code: say("太长，没有哪张表这么长"),
        RevokedDevice.code: say("手机的登记当时已撤销"),
        WrongEnvelope.code: say("设备、链号或序号与来路不符"),
        BadAct.code: say("更正、撤回或处理意见写法不对"),
        UnknownActivityVersion.code: say("专项或其版本不认识"),
        BadAnswer.code: say("答案缺项或类型不对"),
        UnknownReference.code: say("令、任务、场所或单位不存在"),
        NotOrdered.code: say("令里没有这个专项，或当时不在有效期"),
        NoAuthority.code: say("记录人当时在该区域没有职责"),
    }[code]
