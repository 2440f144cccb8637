"""S11: liaison officers at companies ask and write down every day; one large site is disinfected again and again."""

from tongxin_drill.liuyang.days import DAYS
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import Member, OrderText, Stage
from tongxin_drill.shapes import Duty, Place

TEXT = OrderText(
    "关于联络员驻企服务的令",
    "Order on liaison officers at companies",
    "联络员驻点联系企业，每天问清、记下员工行程、厂区消杀和重点人员核酸；面积大的厂区定期全面消杀。",
    "Liaison officers at companies ask and write down every day who moved where, whether the site was disinfected and which key "
    "people were tested; large sites are disinfected throughout at intervals.",
)
COMPANIES = 3
LEAST_SITE, LARGEST_SITE = 10_001, 14_999
"""Square metres: the report has one site of over 10,000."""
PARTS = ("canteen", "dormitory", "outside")


def companies(stage: Stage) -> None:
    """Put the order, the companies, their liaison officers and the disinfection of the largest on the stage."""
    bureau = stage.organisation("市工业和信息化局", "Industry Bureau", "office")
    cleaners = stage.organisation("洁安消杀公司", "Jie'an Disinfection", "company")
    order = stage.order("liaison", TEXT, ["liaison_log", "disinfection"], [bureau, cleaners])
    places = [stage.place("company", stage.rng.choice(villages(*STREETS))) for _ in range(stage.many(COMPANIES))]
    for place, staff in zip(places, _shared_out(stage, len(places)), strict=True):
        _logged(stage, stage.member(bureau), stage.log(order, "liaison_log", place, bureau), place, staff)
    duty = stage.log(order, "disinfection", places[0], cleaners)
    _disinfected(stage, stage.member(cleaners), duty, places[0])


def _shared_out(stage: Stage, parts: int) -> list[int]:
    """Share the staff out over the companies: half at the first, the rest among the others."""
    staff = stage.more_than(200)
    others = [staff // (2 * max(1, parts - 1))] * (parts - 1)
    return [staff - sum(others), *others]


def _logged(stage: Stage, officer: Member, duty: Duty, place: Place, staff: int) -> None:
    """Write the log every afternoon; what was not all reported or done is asked again in the evening."""
    for day in range(DAYS):
        now = staff if day == DAYS - 1 else max(1, staff + stage.rng.randint(-3, 3))
        body = {
            "staff": now,
            "returned": stage.rng.randint(0, 3),
            "tested": stage.rng.randint(1, max(1, now // 8)),
            "disinfected": not stage.chance(0.1),
            "all_reported": not stage.chance(0.12),
        }
        act = stage.report(officer, stage.free(officer, place.id, day, 16, 18), "liaison_log", place.id, body, duty=duty)
        if not (body["disinfected"] and body["all_reported"]):
            again = body | {"returned": 0, "tested": 0, "disinfected": True, "all_reported": True}
            at = stage.free(officer, place.id, day, 19, 22)
            stage.report(officer, at, "liaison_log", place.id, again, duty=duty)
        elif day < DAYS - 1 and stage.chance(0.1):
            at = stage.free(officer, place.id, day + 1, 8, 10)
            stage.correct(act, officer, at, body | {"returned": body["returned"] + 1})


def _disinfected(stage: Stage, cleaner: Member, duty: Duty, place: Place) -> None:
    """Disinfect the whole site every other night; now and then a part is left for later that night."""
    site = stage.rng.randint(LEAST_SITE, LARGEST_SITE)
    sizes = {name: stage.rng.randint(600, 1500) for name in PARTS}
    parts = [{"what": "floor", "area": site - sum(sizes.values())}]
    parts += [{"what": name, "area": area} for name, area in sizes.items()]
    for day in range(0, DAYS, 2):
        at = stage.free(cleaner, place.id, day, 19, 20)
        done = 3 if stage.chance(0.25) else 4
        body = {"site": site, "parts": parts[:done], "complete": done == len(parts)}
        stage.report(cleaner, at, "disinfection", place.id, body, duty=duty)
        if done < len(parts):
            rest = {"site": site, "parts": parts[done:], "complete": True}
            stage.report(cleaner, stage.free(cleaner, place.id, day, 21, 23), "disinfection", place.id, rest, duty=duty)
