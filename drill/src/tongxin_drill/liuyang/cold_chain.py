"""S10: imported cold-chain food: freezers inspected repeatedly, lots declared, and released from the supervised warehouse."""

from datetime import timedelta
from typing import Any

from tongxin_drill.liuyang.days import DAYS, FIRST
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import Member, OrderText, Stage, Team
from tongxin_drill.shapes import Act, Duty, Organisation, Place

TEXT = OrderText(
    "关于进口冷链食品管控的令",
    "Order on imported cold-chain food",
    "药店、餐饮单位冷库冰柜每七天检查一次；进口冷链食品到货前报备，一律进集中监管仓，消毒检测、批准后出仓。取消休假。",
    "Freezers of pharmacies and restaurants are inspected every seven days; imported cold-chain food is declared before it "
    "arrives and goes through the supervised warehouse, which it leaves disinfected, tested and approved. Leave is cancelled.",
)
PREMISES, LOTS, IMPORTERS = 36, 24, 3
WEEKS = ((0, 6), (7, 13), (14, 17))
BY_DAY = (9.0, 18.0)


def cold_chain(stage: Stage) -> None:
    """Put the order, the inspectors, the importers, the warehouse and its lots on the stage."""
    bureau = stage.organisation("市市场监督管理局", "Market Supervision Bureau", "office", STREETS)
    team = stage.team(bureau, stage.many(6))
    importers = [
        stage.member(stage.organisation(f"{name}食品公司", f"{name_en} Foods", "company"))
        for name, name_en in (("海丰", "Haifeng"), ("金鲜", "Jinxian"), ("北洋", "Beiyang"))
    ]
    organisations = [bureau, *(importer.organisation for importer in importers)]
    activities = ["freezer_inspection", "cold_chain_declaration", "warehouse_release"]
    order = stage.order("cold_chain", TEXT, activities, organisations, within=STREETS, categories=("pharmacy", "restaurant"))
    _freezers(stage, team)
    warehouse = stage.place("warehouse", stage.rng.choice(villages(*STREETS)))
    declared = [stage.log(order, "cold_chain_declaration", warehouse, importer.organisation) for importer in importers]
    keeper, approver = _warehouse_people(stage, bureau)
    kept = stage.log(order, "warehouse_release", warehouse, bureau)
    for number in range(stage.many(LOTS)):
        lot, day = f"CN22-{number + 1:04d}", stage.rng.randrange(DAYS)
        weight = stage.rng.randint(500, 9000) / 10
        _declared(stage, importers[number % IMPORTERS], declared[number % IMPORTERS], warehouse, lot, weight, day)
        _through(stage, keeper, approver, kept, warehouse, lot, weight, day)


def _warehouse_people(stage: Stage, bureau: Organisation) -> tuple[Member, Member]:
    """Return who keeps the warehouse and who approves a release: the command's duty officer, who also serves the bureau."""
    return stage.member(bureau), stage.also(stage.duty_officer.id, bureau, "duty_officer")


def _freezers(stage: Stage, team: Team) -> None:
    categories = ("pharmacy", "restaurant", "restaurant")
    premises = [
        stage.place(categories[number % 3], stage.rng.choice(villages(*STREETS))) for number in range(stage.many(PREMISES))
    ]
    for first, last in WEEKS:
        for index, place in enumerate(premises):
            cold = -stage.rng.randint(160, 240) / 10
            right: dict[str, Any] = {"imported": stage.rng.choice(("none", "declared")), "mixed": False, "temperature": cold}
            wrong = None
            if stage.chance(0.12):
                wrong = right | {"imported": "undeclared", "mixed": stage.chance(0.5)}
            slip = right | {"imported": "undeclared", "temperature": round(cold + 10, 1)}
            day = stage.rng.randint(first, last)
            stage.inspect(team, team.of(index), day, BY_DAY, "freezer_inspection", place, right, wrong, slip)


def _declared(stage: Stage, importer: Member, duty: Duty, place: Place, lot: str, weight: float, day: int) -> None:
    """Declare a lot; some first say that it bypasses the warehouse, and are talked out of it the same morning."""
    body = {
        "lot": lot,
        "goods": stage.rng.choice(("meat", "seafood", "other")),
        "weight": weight,
        "arrives": (FIRST + timedelta(days=day)).date().isoformat(),
        "via_warehouse": True,
    }
    at = stage.free(importer, "", day, 7, 8)
    if stage.chance(0.15):
        stage.report(importer, at, "cold_chain_declaration", place.id, body | {"via_warehouse": False}, duty=duty)
        at = stage.later(importer, "", at, 20, 50)
    stage.report(importer, at, "cold_chain_declaration", place.id, body, duty=duty)


def _through(stage: Stage, keeper: Member, approver: Member, duty: Duty, place: Place, lot: str, weight: float, day: int) -> None:
    """Receive a lot, disinfect and test it, and let it go once approved; what came last is held when the drill ends."""

    def step(name: str, on: int, first: float, last: float, **more: float) -> Act:
        at = stage.free(keeper, "", on, first, last)
        return stage.report(keeper, at, "warehouse_release", place.id, {"lot": lot, "step": name, **more}, duty=duty)

    received = step("received", day, 9, 14, weight=weight)
    step("disinfected", day, 14, 17)
    if day + 1 >= DAYS:
        return
    if stage.chance(0.08):
        step("positive", day, 17, 18)
        step("disinfected", day, 18, 19)
    step("negative", day + 1, 8, 12)
    if stage.chance(0.9):
        stage.approve(received, "held", approver, stage.free(approver, "", day + 1, 13, 18))
