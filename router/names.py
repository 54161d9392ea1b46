"""What people call police units when they do not use the directory's name; read by `directory`."""

from __future__ import annotations

from typing import Final


def _rows(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in text.strip().splitlines())


def _groups(**words: str) -> dict[str, str]:
    return {word: group for group, text in words.items() for word in text.split()}


SYNONYMS: Final = _rows("""
    交警大队 交管大队 交通警察大队 交通管理大队 公安交通管理大队 交警队 交管队 交警支队 交通大队
    刑侦大队 刑警大队 刑事侦查大队 刑警队 刑侦队 刑事犯罪侦查大队
    治安大队 治安管理大队 治安管理科 治安科 治安队 治安支队
    禁毒大队 禁毒队 缉毒大队
    网安大队 网络安全保卫大队 网警大队 网监大队 网络警察大队 网安队
    经侦大队 经济犯罪侦查大队 经侦队
    巡特警大队 特巡警大队 巡逻特警大队 特警大队 巡警大队 巡逻警察大队 特警队 巡警队
    户政科 户籍科 户政大队 户政管理科 人口管理大队 户政中心 户政大厅 户政窗口 户籍大厅
    出入境管理大队 出入境大队 出入境管理科 出入境科 出入境接待大厅 出入境窗口 出入境办证大厅 出入境大厅
    法制大队 法制科 法制室 法制审核大队
    督察大队 警务督察大队 督察队 督察室 督察科 警务督察队 督察支队
    指挥中心 110指挥中心 情报指挥中心 情指中心 接警中心 110接警中心 接处警中心 110接警台 110报警服务台
    信访科 公安信访科 信访室 信访接待室
    车管所 车辆管理所 车管站
    国保大队 国内安全保卫大队 政治安全保卫大队
    森林公安分局 森林公安 森林派出所 森警大队
""")
"""What people call the same squad or section; the directory's own name need only end in one of a row."""

BARE: Final = _groups(
    station="派出所 所长 片警 户籍警 户籍窗口 户籍室 警务室 警务站",
    traffic="交警 交管 交通警察 交巡警",
    officer="""
        民警 警察 警官 公安 警方 辅警 协警 干警 警员 公安局 公安机关 公安部门 公安分局 警务人员 办案人员 办案单位 办案机关
        出警人员 处警人员 处警单位 执法民警 巡警 特警 刑警 贵局 你局 你们局 教导员 警长 穿制服的 穿警服的 110
    """,
    command="接警员 接线员 接警台 110接线 110接警 110平台 报警台 110话务员",
    squad="大队长 中队长",
    chief="局长 副局长 政委 局领导",
)
"""Words that name police by kind alone, and the group they may stand for."""

POINTING: Final = _groups(
    station="你们所 你所 贵所 该所 此所 这个所 那个所 该派出所 你们派出所 贵派出所 这个派出所 此派出所 所里",
    squad="你们大队 贵大队 该大队 该队 你队 贵队 你们队 你们中队 该中队 此大队 这个大队 队里 大队里 贵科 你们科",
    any="该单位 贵单位 你单位 你们单位 这个单位 里面的人 里面的工作人员 内部人员 内部的人 该科 该中心 该局 分局 "
    "大队 中队",
)
"""Words that point back at a unit named before; of “any” group they mean nothing when none was."""

MISREAD: Final = {
    "公安": "部 厅 大学 学院 部门的规定 系统的软件 县 镇",
    "警察": "学院 学校 学校 大学 节 法",
    "警官": "学院 证 大学 职业 学校",
    "交警": "支付",
    "督察": "组 员 整改 反馈 问责 工作",
    "你们所": "谓 说 有 以 在 提 做 述 指 谈 作",
    "该所": "有 以 谓",
    "此所": "有 以 谓",
    "警务室": "建设",
    "接线员": "招聘",
}
"""What after a word shows that it means something else: 公安部, 警察学院."""
