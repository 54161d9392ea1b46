"""Danger (险情) that must be found, and words that only sound like it; every text is invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from letters.bureau import Bureau, DangerPhrase
from letters.messages import Letter
from router import Router
from router.needs import needs

DANGER = """
有人站在木器城楼顶要跳楼，快来
我不想活了，今晚就去跳楼
再不解决我就跳楼
孩子留了遗书，人找不到了
我老公割腕了，在家里流了很多血
他扬言报复我全家
邻居扬言要杀我，现在拿着刀在门口
前夫扬言把我家房子烧了
对方说要跟我们同归于尽
楼下有人持刀追人
有个男的在街上砍人
楼下正在打架，二十多个人
便利店正在抢劫
我老公正在家暴，我锁在厕所里
救命，有人撬我家门
有人在车站放了炸药
有人泼汽油要自焚
有人在厂里纵火
我女儿下午走丢了，六岁，穿红衣服
小孩不见了两个小时了
我孙子走失，今天上午在木器城
去年他扬言报复我，现在又来了，拿着刀在楼下
前年有过一次自杀，今天又说不想活了
去年跳楼没死成，刚才又爬上了楼顶要跳楼
他说不是开玩笑，真的要自杀
我朋友想自杀，我劝不住
抑郁症的儿子想自杀，怎么办
他发朋友圈说活不下去了
为防止他自杀，请你们马上派人
网上有人说要报复社会，附了地址
他说要血洗我们村
活不下去了，欠了一屁股债
他已经准备好炸药
他曾扬言报复，我们全家很害怕
有人开枪
自  杀
我想自殺
逼得我只能跳楼
要是还不给钱，我们只有跳楼了
"""

ORDINARY = """
去年有人扬言报复村干部，已处理
前年有人在木器城持刀，已被抓获判刑
消除自杀谣言，希望网警发公告
网上说有人自杀是谣言，请辟谣
建议多开展预防自杀的心理讲座
学校开展反恐演练，模拟持刀歹徒
电影里杀人的镜头太多，不适合孩子
孩子玩的游戏有杀人情节
商场跳楼价促销，喇叭扰民
跳楼机票价太贵
理发店给我剪了个爆炸头
信息爆炸的时代，老人分不清真假
手机流量爆炸式增长
我不想活动身体
没有人自杀，只是吵架
不会自杀的，请放心
加油站存在爆炸隐患
煤气罐放楼道，容易爆炸，请清理
充电桩一旦爆炸后果不堪设想
多年前有人在这里跳楼，现为居民楼
1998年这里发生过爆炸
儿子已找到，感谢民警，之前小孩走失那天很着急
想了解杀人罪的量刑，写论文用
建议宣传防范纵火
当年我爷爷持刀抗日的故事
感谢民警救下跳楼女子
民警制止了持刀男子，群众称赞
那起杀人案已告破，群众拍手称快
请问管制刀具寄存
砍价太狠
吃火锅被烫伤
家里进了老鼠，求办法
请问身份证丢了怎么补办
楼上半夜打麻将
小区停车难
这笔钱是救命钱，请帮忙追回
扫黑除恶宣传栏里的自杀二字太吓人
剧本杀店里有人扮演持刀角色
"""


def _cases(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines()]


@pytest.mark.parametrize("text", _cases(DANGER))
def test_danger_is_found_in_title_and_body(text: str, router: Router, write: Callable[..., Letter]) -> None:
    in_body, in_title = router.danger(write(text)), router.danger(write("见标题", title=text))
    assert in_body is not None
    assert in_body.where == "body"
    assert in_title is not None
    assert in_title.where == "title"


@pytest.mark.parametrize("text", _cases(ORDINARY))
def test_ordinary_words_do_not_raise_an_alarm(text: str, router: Router, write: Callable[..., Letter]) -> None:
    assert router.danger(write(text)) is None


@pytest.mark.parametrize("said", ["扬言去省里闹", "要炸楼", "如不解决就自杀", "进京上访，发表过激言论"])
def test_a_threat_field_is_danger_by_itself(said: str, router: Router, write: Callable[..., Letter]) -> None:
    found = router.danger(write(threat=said))
    assert found is not None
    assert found.where == "threat"


@pytest.mark.parametrize(
    "said",
    [None, "", "  ", "无", "没有", "否", "无。", "暂无", "无扬言", "未发现扬言内容", "N", "no", "-", "0", "无此情况"],
)
def test_a_threat_field_that_says_none_is_none(said: str | None, router: Router, write: Callable[..., Letter]) -> None:
    assert router.danger(write(threat=said)) is None


def test_every_listed_literal_is_found_alone(bureau: Bureau, router: Router, write: Callable[..., Letter]) -> None:
    for phrase in bureau.danger:
        if not phrase.regex:
            found = router.danger(write(f"喂，{phrase.pattern}！"))
            assert found is not None, phrase.pattern


def test_the_phrases_are_the_bureaus_own(bureau: Bureau, write: Callable[..., Letter]) -> None:
    own = Router(
        replace(bureau, danger=(DangerPhrase("泄露毒气", "毒气"), DangerPhrase("(?:氯|氨)气.{0,4}泄漏", "毒气", True)))
    )
    assert own.danger(write("有人要跳楼")) is None
    found = own.danger(write("化工厂氯气大量泄漏"))
    assert found is not None
    assert (found.kind, found.phrase) == ("毒气", "氯气大量泄漏")


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("扬言.{0,12}(报复|杀)", {"扬言"}),
        ("(拿|提)着?.{0,4}(菜刀|砍刀)", {"菜刀", "砍刀"}),
        ("(?<!信息)爆炸(?!头)", {"爆炸"}),
        ("(孩子|小孩)?走失", {"走失"}),
        ("跳楼|割腕(?:了)?", {"跳楼", "割腕"}),
        ("持?刀", None),
        ("[杀砍]了(他|她)全家", {"全家"}),
        ("(?:a|b.c)", None),
    ],
)
def test_a_pattern_tells_without_which_words_it_cannot_match(pattern: str, literals: set[str] | None) -> None:
    found = needs(pattern)
    assert (set(found) if found else None) == literals
