"""How the desk writes sentences, numbers and times."""

import re
from datetime import date, datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tongxin.base import clock, words
from tongxin.bulletin.queries import number as bulletin_number

register = template.Library()


@register.simple_tag
def say(sentence: str, **places: object) -> SafeString:
    """Write a Chinese sentence in the reader's language; places may be links. ``n`` chooses the plural form."""
    counted = places.pop("count", None)
    n = counted if isinstance(counted, int) else None
    if n is not None:
        places.setdefault("n", n)
    return format_html(words.template(sentence, n), **places) if places else format_html("{}", words.template(sentence))


@register.simple_tag
def number(value: float | None, href: str = "", kind: str = "") -> SafeString:
    """Write a number: a link to what is behind it, a grey 0, or — for what is not known."""
    if value is None:
        return SafeString('<span class="zero">—</span>')
    if not value:
        return SafeString('<span class="zero">0</span>')
    if not href:
        return format_html('<span class="{}">{}</span>', kind or "n", written(value))
    return format_html('<a class="n {}" href="{}">{}</a>', kind, href, written(value))


@register.filter
def written(value: float) -> str:
    """Write a number as bulletins do."""
    return bulletin_number(value)


@register.filter
def hhmm(moment: datetime) -> str:
    """Write the time of day in Shanghai."""
    return moment.astimezone(clock.SHANGHAI).strftime("%H:%M")


@register.filter
def when(moment: datetime) -> str:
    """Write the time of day, with the day before it unless that is today."""
    return when_on(moment, clock.day_of(clock.now()))


@register.filter
def when_on(moment: datetime, on: date) -> str:
    """Write the time of day, with the day before it unless that is the day which is spoken of."""
    return hhmm(moment) if clock.day_of(moment) == on else f"{day(moment)} {hhmm(moment)}"


@register.filter
def hhmmss(moment: datetime) -> str:
    """Write the time of day in Shanghai to the second."""
    return moment.astimezone(clock.SHANGHAI).strftime("%H:%M:%S")


@register.filter
def seconds(ms: int) -> str:
    """Write milliseconds as seconds, rounded up."""
    return f"{-(-ms // 1000):,}"


@register.filter
def span(length: timedelta) -> str:
    """Write a length of time as hours and minutes, 3:42."""
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
_SYLLABLE = re.compile(r"(?<=[aeiouügnr])(?=(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])[aeiouü])")
"""Between two syllables of pinyin."""
_DAYS_ZH = "一二三四五六日"
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@register.filter
def day(moment: datetime | date) -> str:
    """Write the Shanghai day: 4月6日, 6 Apr."""
    on = clock.day_of(moment) if isinstance(moment, datetime) else moment
    return words.pick(f"{on.month}月{on.day}日", f"{on.day} {_MONTHS[on.month - 1]}")


@register.filter
def iso_day(text: str) -> str:
    """Write a day that is stored as 2022-04-06."""
    return day(date.fromisoformat(text))


@register.filter
def year_day(moment: datetime | date) -> str:
    """Write the Shanghai day with its year: 2022年4月6日, 6 Apr 2022."""
    on = clock.day_of(moment) if isinstance(moment, datetime) else moment
    return words.pick(f"{on.year}年{on.month}月{on.day}日", f"{on.day} {_MONTHS[on.month - 1]} {on.year}")


@register.filter
def weekday(moment: datetime) -> str:
    """Write the day of the week."""
    index = clock.day_of(moment).weekday()
    return words.pick(f"星期{_DAYS_ZH[index]}", _DAYS_EN[index])


@register.filter
def iso_ms(moment: datetime) -> int:
    """Write a moment as milliseconds since 1970, for the page's clock."""
    return clock.to_ms(moment)


@register.filter
def hyphens(name: str) -> str:
    """Let a name that is spelt in pinyin be broken between its syllables."""
    return _SYLLABLE.sub("\u00ad", name)


@register.filter
def get(mapping: dict[str, float], key: str) -> float | None:
    """Look a key up."""
    return mapping.get(key)
