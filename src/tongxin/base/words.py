"""Words for people, in their language.

Sentences are written in Chinese, whole, with named places; the English ones stand in the message catalogue. The host says how to
look a sentence up (gettext); until then a sentence is itself.
"""

from collections.abc import Callable

_translate: Callable[[str], str] = lambda sentence: sentence  # noqa: E731 - replaced once, by the host
_language: Callable[[], str] = lambda: "zh"  # noqa: E731 - replaced once, by the host


def set_translator(translate: Callable[[str], str], language: Callable[[], str]) -> None:
    """Tell this process how a sentence is translated and which language (``zh`` or ``en``) is being spoken."""
    global _translate, _language  # noqa: PLW0603 - one catalogue a process is the point
    _translate, _language = translate, language


def say(sentence: str, **places: object) -> str:
    """Return a Chinese sentence in the language being spoken, its ``{places}`` filled in."""
    return _translate(sentence).format(**places)


def pick(zh: str, en: str) -> str:
    """Return the one of a pair that fits the language being spoken; the Chinese one if there is no English."""
    return (en or zh) if _language() == "en" else zh
