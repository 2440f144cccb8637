"""What every process does when it starts: lets the lower rooms speak, tell the time and know the packs."""

from django.apps import AppConfig
from django.conf import settings
from django.utils import translation

from tongxin.base import clock, words
from tongxin.playbook import registry


class HostConfig(AppConfig):
    """The host knows everyone; here it introduces them."""

    name = "tongxin.host"

    def ready(self) -> None:
        """Wire words, clock and playbook; models can be imported only now."""
        from tongxin.ledger.definitions import archive  # noqa: PLC0415
        from tongxin.orders.queries import drill_clock  # noqa: PLC0415

        words.set_translator(_translate, lambda: (translation.get_language() or "zh")[:2])
        clock.set_source(drill_clock)
        registry.set_directories(settings.TONGXIN_PACKS)
        registry.set_archive(archive)


def _translate(sentence: str, n: int | None) -> str:
    return translation.gettext(sentence) if n is None else translation.ngettext(sentence, sentence, n)
