"""Words for people, in their language.

Sentences are written in Chinese, whole, with named places; the English ones stand in the message catalogue, with their plural
forms. The host says how a sentence is looked up (gettext); until then a sentence is itself.
"""

from collections.abc import Callable

Translate = Callable[[str, int | None], str]

_translate: Translate = lambda sentence, _n: sentence  # noqa: E731 - replaced once, by the host
_language: Callable[[], str] = lambda: "zh"  # noqa: E731 - replaced once, by the host


def set_translator(translate: Translate, language: Callable[[], str]) -> None:
    """Tell this process how a sentence (with a count, or None) is translated and which language (``zh``, ``en``) is spoken."""
    global _translate, _language
    _translate, _language = translate, language


def template(sentence: str, n: int | None = None) -> str:
    """Return a Chinese sentence in the language being spoken, its ``{places}`` still open; ``n`` chooses the plural form."""
    return _translate(sentence, n)


def say(sentence: str, *, n: int | None = None, **places: object) -> str:
    """Return a Chinese sentence in the language being spoken, its ``{places}`` filled in; ``n`` fills ``{n}`` too."""
    if n is not None:
        places.setdefault("n", n)
    return template(sentence, n).format(**places)


def language() -> str:
    """Return the language being spoken: ``zh`` or ``en``."""
    return _language()


def pick(zh: str, en: str) -> str:
    """Return the one of a pair that fits the language being spoken; the Chinese one if there is no English."""
    return (en or zh) if _language() == "en" else zh
