"""One tree of problems with stable codes.

A problem's docstring says when it is raised; its message names the place and the reason; ``next`` says what to do.
Phones and other programs go by ``code`` alone, so a code never changes once published (docs/problems.md).
"""

from typing import ClassVar

from tongxin.base.words import say


class Problem(Exception):  # noqa: N818 - a refusal is an answer, not a failure of the program
    """Anything that Tongxin refuses, or cannot do, for a reason that a person can act on."""

    code: ClassVar[str] = "problem"
    status: ClassVar[int] = 400
    next_step: ClassVar[str] = ""

    def __init__(self, message: str, *, next: str | None = None, **details: object) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.next = next if next is not None else say(self.next_step) if self.next_step else ""
        self.details = details

    def as_json(self) -> dict[str, object]:
        """Return the one shape of a refusal at every door."""
        return {
            "problem": {
                "code": self.code,
                "message": self.message,
                "next": self.next,
                "details": self.details,
            }
        }


class BadRequest(Problem):
    """The request cannot be read: a field is missing, unknown or of the wrong type."""

    code = "door.bad_request"
    next_step = "改正所说的那一项，再发一次。"


class NotSignedIn(Problem):
    """Nobody is signed in."""

    code = "people.not_signed_in"
    status = 401
    next_step = "用指挥部给的登录码登录。"


class Forbidden(Problem):
    """The member's roles do not allow this act, or not in this area."""

    code = "people.forbidden"
    status = 403
    next_step = "请有所说职责的人来办。"


class NotFound(Problem):
    """What was asked for does not exist, or lies outside the member's areas."""

    code = "door.not_found"
    status = 404
    next_step = "核对编号；编号没错，就问指挥部它是否在您负责的区域。"


class AlreadyExists(Problem):
    """An id is taken by something with other content."""

    code = "door.already_exists"
    status = 409
    next_step = "换一个新编号，或者原样重发已存的内容。"


class Conflict(Problem):
    """The act does not fit the present state, and trying again unchanged will not help."""

    code = "door.conflict"
    status = 409
    next_step = "刷新后看现在的状态，再决定怎么办。"


def every_problem(root: type[Problem] = Problem) -> list[type[Problem]]:
    """Return all problems that have been defined so far, the root first."""
    return [root, *(p for child in root.__subclasses__() for p in every_problem(child))]
