"""Makes the messy tables that tests and the README import: what offices really send.

``messy.xlsx`` has three sheets, 单位 (organisations), 名册 (a roster) and 场所 (premises), and a hidden one;
``messy-premises.csv`` is the last of them as an office exports it, in GBK, its merged cells blank. Run
``PYTHONPATH=. python tests/data/build.py``.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

FOLDER = Path(__file__).resolve().parent
Row = list[Any]

ORGANISATIONS: list[Row] = [
    ["参战单位名单"],
    ["序号", "单位名称", "单位性质", "上级单位", "负责乡镇"],
    [1, "市应急局", "机关", "", ""],
    [2, "东区督查组", "督查组", "市应急局", "张坊镇"],
    [3, "西区督查组", "督查组", "市应急局", "淮川街道"],
    [4, "蓝天救援队", "救援队", "应急管理局", "官渡"],
    [5, "向阳花店", "花店", "", "张坊镇"],
    ["合计", "", "", "", 5],
]
"""Row 6's parent is registered under another name, row 7's kind is none."""

ROSTER: list[Row] = [
    ["应急队伍花名册（三月）"],
    ["填报单位：市应急局"],
    ["序号", "姓　名", "所属单位", "职务", "联系电话"],
    [1, "张　伟", "东区督查组", "组长", 13907310001.0],
    [2, "李秀英", "东区督查组", "队员", 13907310002.0],
    [3, "張偉", "东区督查组", "队员", 13907310003.0],
    [4, "王芳", "西区督查组", "组长", "１３９０７３１０００４"],
    [5, "李秀英", "西区督查组", "队员", 13907310005.0],
    [6, "刘洋", "西区督察组", "队员", 13907310006.0],
    [7, "王芳", "西区督查组", "队员", 13907310007.0],
    [8, "陈静", "西区督查组", "司机", 13907310008.0],
    [9, "", "西区督查组", "队员", 13907310009.0],
    ["共计9人", "", "", "", ""],
    ["制表人：刘会计　　审核人：王主任"],
]
"""Row 6 reads like row 4 and row 10 is row 7 again; row 9 misspells its organisation; 司机 is no role; row 12 has no name."""

PREMISES: list[Row] = [
    ["浏阳市重点场所清单（2022年3月）"],
    ["填报单位：市文旅局"],
    ["序号", "乡　镇", "村（社区）", "场所名称", "类别", "从业人数", "联系电话"],
    [1, "张坊镇", "白石村", "白石观", "寺庙", 3.0, 13873100001.0],
    [2, "", "白石", "老屋饭店", "餐饮", 6.0, 13873100002.0],
    [3, "", "茶林村委会", "茶林便民超市", "超市", 2.0, ""],
    [4, "", "富溪村", "", "超市", 2.0, ""],
    [None, "小计", "", "", "", 13.0, ""],
    [5, "淮川街道", "北园社区", "北园影院", "影院", 12.0, "１３８７３１０００５"],
    [6, "", "北园社区", "北园 影院", "影院", 12.0, ""],
    [7, "", "城东社区", "城东大药房（一店）", "药店", 4.0, ""],
    [8, "", "城东社区", "城东大药房(二店)", "药房", 4.0, ""],
    [9, "", "朝阳社区", "朝阳足浴城", "足浴", 9.0, ""],
    [10, "", "月亮社区", "月亮幼儿园", "幼儿园", 15.0, ""],
    [None, "小计", "", "", "", 56.0, ""],
    [11, "", "东门村", "东门小卖部", "商店", 1.0, ""],
    [12, "大围山镇", "东门村", "ＫＴＶ９９", "歌厅", 8.0, ""],
    [],
    ["合计", "", "", "", "", 78.0, ""],
    ["备注：从业人数含临时工"],
]
"""Row 7 has no name, row 10 is row 9 again, 足浴 is no category, 月亮社区 does not exist, row 16's 东门村 lies in two towns."""
MERGED = {"张坊镇": (3, 6), "淮川街道": (8, 13)}
"""Town cells of the premises that are merged downwards, by first and last index."""


def build(folder: Path = FOLDER) -> None:
    """Write both files."""
    with xlsxwriter.Workbook(folder / "messy.xlsx") as book:
        book.set_properties({"created": datetime(2022, 3, 22, tzinfo=UTC)})
        bold = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1})
        for name, rows in (("单位", ORGANISATIONS), ("名册", ROSTER), ("场所", PREMISES)):
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)
            sheet.merge_range(0, 0, 0, len(rows[2]) - 1, rows[0][0], bold)
        for town, (first, last) in MERGED.items():
            sheet.merge_range(first, 1, last, 1, town, bold)
        hidden = book.add_worksheet("字典")
        hidden.write_column(0, 0, ["超市", "药店"])
        hidden.hide()
    with (folder / "messy-premises.csv").open("w", encoding="gbk", newline="") as file:
        csv.writer(file).writerows([int(cell) if isinstance(cell, float) else cell for cell in row] for row in PREMISES)


if __name__ == "__main__":
    build()
