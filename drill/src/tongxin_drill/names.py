"""Made-up names of people and venues, in Chinese and in English. None is meant to be anybody's."""

from collections.abc import Iterable
from itertools import product
from random import Random

Pair = tuple[str, str]
"""A name or a part of one: (Chinese, English)."""


def _pairs(text: str) -> tuple[Pair, ...]:
    """Read ``汉字 English words/…`` into pairs."""
    return tuple((zh, en) for zh, _, en in (item.strip().partition(" ") for item in text.split("/")))


SURNAMES = _pairs(
    "陈 Chen/李 Li/王 Wang/张 Zhang/刘 Liu/杨 Yang/黄 Huang/周 Zhou/吴 Wu/徐 Xu/孙 Sun/朱 Zhu/罗 Luo/"
    "何 He/宋 Song/唐 Tang/彭 Peng/曾 Zeng/谢 Xie/肖 Xiao/汤 Tang/邱 Qiu/戴 Dai/钟 Zhong"
)
FIRST_SYLLABLES = _pairs(
    "雨 Yu/志 Zhi/明 Ming/文 Wen/晓 Xiao/思 Si/嘉 Jia/子 Zi/书 Shu/海 Hai/立 Li/秋 Qiu/春 Chun/若 Ruo/星 Xing/月 Yue"
)
SECOND_SYLLABLES = _pairs(
    "航 hang/远 yuan/宁 ning/涵 han/轩 xuan/琳 lin/峰 feng/洁 jie/衡 heng/欣 xin/川 chuan/禾 he/舟 zhou/竹 zhu/帆 fan/莹 ying"
)
PEOPLE = len(SURNAMES) * len(FIRST_SYLLABLES) * len(SECOND_SYLLABLES)

VENUES: dict[str, tuple[tuple[Pair, ...], tuple[Pair, ...]]] = {
    "entertainment": (
        _pairs(
            "云顶 Yunding/金樽 Jinzun/星河 Xinghe/悦来 Yuelai/聚福 Jufu/百乐 Baile/欢聚 Huanju/"
            "天籁 Tianlai/时光 Shiguang/老友 Laoyou/好运来 Haoyunlai/蓝调 Landiao/梦想 Mengxiang/"
            "花火 Huahuo/四季 Siji/清风 Qingfeng/明珠 Mingzhu/乐园 Leyuan/红叶 Hongye/小城 Xiaocheng"
        ),
        _pairs(
            "棋牌室 Chess and Card Room/歌厅 Karaoke Hall/网吧 Internet Cafe/影院 Cinema/"
            "台球室 Billiard Room/茶馆 Teahouse/舞厅 Dance Hall/游艺厅 Arcade/推理馆 Mystery Game Room/"
            "小剧场 Small Theatre"
        ),
    ),
    "scenic": (
        _pairs(
            "碧溪 Bixi/云雾 Yunwu/龙潭 Longtan/石门 Shimen/竹海 Zhuhai/桃花 Taohua/鹿鸣 Luming/"
            "红枫 Hongfeng/仙人 Xianren/月亮 Yueliang/金沙 Jinsha/松涛 Songtao/白鹭 Bailu/翠峰 Cuifeng/"
            "杜鹃 Dujuan/百花 Baihua"
        ),
        _pairs("漂流码头 Rafting Pier/观景台 Lookout/农庄 Farm Park/峡谷 Gorge/溶洞 Cave/花海 Flower Field/露营地 Camp Site"),
    ),
    "worship": (
        _pairs(
            "青云 Qingyun/福田 Futian/宝莲 Baolian/普济 Puji/广福 Guangfu/静心 Jingxin/永宁 Yongning/"
            "慈光 Ciguang/紫竹 Zizhu/万安 Wan'an/灵泉 Lingquan/老 Old"
        ),
        _pairs(
            "观音阁 Guanyin Pavilion/关帝庙 Guandi Temple/城隍庙 City God Temple/古寺 Ancient Temple/"
            "禅院 Chan Monastery/道观 Taoist Temple"
        ),
    ),
}
"""Category → (first parts, kinds of venue); any first part goes with any kind."""

TRADES = _pairs(
    "兴旺 Xingwang/同福 Tongfu/万家 Wanjia/惠民 Huimin/长青 Changqing/金桥 Jinqiao/东升 Dongsheng/瑞丰 Ruifeng/"
    "安康 Ankang/和顺 Heshun/新源 Xinyuan/佳美 Jiamei/宏远 Hongyuan/青禾 Qinghe/大湾 Dawan/春晖 Chunhui"
)
PLACES: dict[str, tuple[Pair, ...]] = {
    "school": _pairs("学校 School/幼儿园 Kindergarten"),
    "clinic": _pairs("诊所 Clinic/卫生室 Health Room"),
    "nursing_home": _pairs("敬老院 Nursing Home/养老服务中心 Care Centre"),
    "company": _pairs("花炮厂 Fireworks Works/茶油厂 Tea Oil Mill/竹木厂 Bamboo Works"),
    "supermarket": _pairs("超市 Supermarket/生鲜店 Fresh Food Store"),
    "shop": _pairs("商店 Shop/五金店 Hardware Shop/服装店 Clothes Shop/理发店 Barber's"),
    "pharmacy": _pairs("药店 Pharmacy/大药房 Drugstore"),
    "restaurant": _pairs("蒸菜馆 Steamed Dish House/饭店 Restaurant/粉店 Noodle House"),
    "warehouse": _pairs("冷链集中监管仓 Supervised Cold-Chain Warehouse"),
    "isolation_site": _pairs("集中隔离点 Isolation Site"),
    "building_site": _pairs("安置房工地 Resettlement Housing Site/厂房工地 Workshop Site/商住楼工地 Mixed-Use Building Site"),
    "estate": _pairs("花园小区 Garden Estate/佳苑小区 Estate/公馆小区 Residence Estate"),
    "sales_office": _pairs("府售楼部 Mansions Sales Office/城售楼部 Town Sales Office"),
    "plant": _pairs("混凝土搅拌站 Concrete Plant/墙材厂 Wall-Material Plant"),
    "village": _pairs("村部 Village Office"),
    "checkpoint": _pairs("高速出口卡点 Motorway Exit Checkpoint"),
    "sampling_point": _pairs("核酸采样点 Sampling Point"),
}
"""Category → kinds of place; any of the TRADES goes with any kind."""

Stem = tuple[str, str, str]
"""A venue's name without its village: (category, Chinese, English)."""


def stems() -> list[Stem]:
    """Return every venue name there is; within a village each is used once."""
    return [
        (category, first + kind, f"{first_en} {kind_en}")
        for category, (firsts, kinds) in VENUES.items()
        for (first, first_en), (kind, kind_en) in product(firsts, kinds)
    ]


def of_category(category: str) -> list[Pair]:
    """Return every name there is for places of a category, without the place's village."""
    firsts, kinds = VENUES[category] if category in VENUES else (TRADES, PLACES[category])
    return [(first + kind, f"{first_en} {kind_en}") for (first, first_en), (kind, kind_en) in product(firsts, kinds)]


def people(rng: Random, count: int) -> list[Pair]:
    """Return ``count`` different names such as (陈雨航, Chen Yuhang)."""
    return [_person(number) for number in rng.sample(range(PEOPLE), count)]


def _person(number: int) -> Pair:
    rest, second = divmod(number, len(SECOND_SYLLABLES))
    surname, first = divmod(rest, len(FIRST_SYLLABLES))
    parts: Iterable[Pair] = (SURNAMES[surname], FIRST_SYLLABLES[first], SECOND_SYLLABLES[second])
    (family, family_en), (one, one_en), (two, two_en) = parts
    return family + one + two, f"{family_en} {one_en}{two_en}"
