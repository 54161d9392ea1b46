"""A danger phrase in its text goes in; whether the words around it say that nothing is happening comes out.

Calm are: a word that only contains the phrase (跳楼价), something denied, something long past or dealt with, talk about it
(辟谣, 演练, 电影), a hazard that only might come (爆炸隐患). A word of now (现在, 马上, 又) beside it
undoes all of these but the first two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_FRIENDS_AFTER: Final[dict[str, str]] = {
    "跳楼": "价|机|甩卖|大甩卖|清仓|处理价|秀",
    "跳河": "马",
    "爆炸": "头|性|式|糖|螺丝|鱼|盐|蛋|新闻|物品管理|物品从业|危险品|多汁|极限|输出|级",
    "自杀": "式|率|干预|性价|点|树|热线",
    "杀人": "镜头|场面|画面|情节|视频|罪|游戏|诛心|不见血|鲸|蜂|蚁|放火金腰带|不用刀|狂魔角色",
    "不想活": "动|跃|着急|成|在别人|得",
    "想不开": "发|心|店|车|门|会",
    "活不下去": "店",
    "走失": "手环|登记|预警|后怎么|怎么|如何|了怎么报案|防范",
    "持枪": "照|证|许可|姿势|游戏",
    "救命": "的(?:，|。|$)|消防|通道|工资|粮|车位|稻草|钱|之恩|恩|药|的钱|的药|丸|良方|神器|草",
    "报复": "性消费|性反弹|性出行|性旅游",
    "持刀": "具|切|雕|法|人形|工艺",
    "开枪": "版|战|虾",
    "自焚": "塔",
    "炸药": "包子|鱼|库安全培训",
    "上吊": "牌|灯|顶|桥",
    "割腕": "表",
    "放火": "锅",
    "同归于尽": "局",
    "遗书": "范文|格式|公证",
    "砍人": "价",
    "灭门": "窗|面",
    "失踪": "人口普查|人口登记",
}
_FRIENDS_BEFORE: Final[dict[str, str]] = {
    "走失": "防|预防",
    "爆炸": "气球|手机|爆竹|充电宝|电池|高压锅|轮胎|车胎|胎|热水瓶|热水器|啤酒瓶|信息|知识|人口"
    "|数据|流量|票房|心态|脾气|情绪|肺都|气得|气到|宇宙大|大|手机快|头都要|脑子",
    "自焚": "玩火",
    "杀人": "狼人|剧本|蚊子|借刀|太阳|热得",
    "自杀": "细胞|目标|慢性|职业",
    "跳楼": "吓得|价格|商场|大降价",
    "砍人": "价格",
    "放火": "州官|官府",
    "上吊": "二闹三|三",
    "救命": "等着|指望着?|等钱|等药|等着钱",
}
_DENIED: Final = re.compile(
    "(?:没有|没|不会|不是|并非|并不是|不曾|从未|从没|绝不|绝不会|绝非|未曾|不可能|不至于|不想|无意|不打算|未|"
    "不存在|排除|不应|不能靠|并没有|无人|没人)(?:要|想|去|人|过|任何|在|是|发生|出现|真的|说|有|企图|打算|用|"
    "会){0,3}$"
)
_LONG_AGO: Final = re.compile(
    "去年|前年|大前年|上个?世纪|多年前|(?<!目)年前|几年前|当年|小时候|早年|那年|往年|历史上|上学时|年轻时|"
    "[0-9一二三四五六七八九十]+年前|((?:19|20)[0-9]{2})年"
)
_PAST: Final = re.compile(
    _LONG_AGO.pattern + "|上个?月|月前|曾经?|以前|此前|过去|那时|之前|[0-9一二三四五六七八九十]+月份?|上次"
)
_SOFT: Final = frozenset({"曾经", "曾", "以前", "此前", "过去", "之前"})
"""Cues of a bureau that tell the past but not how long ago: they need another beside them."""
_SETTLED: Final = re.compile(
    "(?:已经?|早已|均已|都已|已被|被|后被|终于|最终|成功|及时|现已|一经)(?:被)?(?:民警|警方|公安|警察|依法|"
    "及时|成功|当场|妥善|顺利|全部){0,3}"
    "(?:处理|处置|抓获|抓|归案|判|办结|结案|平息|救下|救|劝|制止|化解|找到|找回|拘留|刑拘|逮捕|破案|破获|"
    "侦破|告破|审结|击毙|扑灭|排除|解决|回家|平安)"
    "|落网|获救|脱险|身亡|去世|抢救无效|已故|判了|服刑|劝下来|救了下来|救下|平安(?:回|到家|无事|归来)|"
    "(?:感谢|表扬|点赞|多亏)[^。！？]{0,14}(?:救|制止|劝|抓|找到)|(?:民警|警察|消防)(?:及时|成功|迅速|果断|"
    "奋力)?(?:制止|救下|劝下|抓获|抓住|拦下)了?"
)
_TALK: Final = re.compile(
    "谣言|辟谣|造谣|谣传|传言|不实|宣传|演练|演习|电影(?!院|城|票)|电视剧|影片|小说|剧本|剧情|桥段|角色|"
    "游戏(?!厅|机|室|城)|动漫|新闻|报道|案例|讲座|课程|培训|主题|剧组|拍戏|话剧|歌曲|歌词"
    "|节目|视频里|直播间|条例|规定|法律|刑法|罪名|条款|量刑|如何应对|怎么应对|热线|干预|科普|知识|题目|考试|"
    "作文|成语|俗话|纪念|展览|历史|文章|论文|书中|书里|研究|志愿者|讲解|教育片|防范|杀人案|自杀率|口号|标语|"
    "典故"
)
_INDUSTRY: Final = re.compile(
    "预案|应急|排查|整治|管理|许可|审批|储存|运输|资质|作业|工程|施工|矿|采石|石场|爆破|检测|标准|轮胎|车胎|"
    "前后胎|变压器|声|场|桶|包|似的|一样|危化品|燃放|库房|厂房搬迁"
)
"""Beside 爆炸 and the like, these tell of trade and hazard, not of an attack."""
_LIKE: Final = re.compile(
    "(?:就像|好像|好似|像|好比|相当于?|如同|犹如|仿佛|变相|间接|无异于|等同于?|等于是?|这跟|这和|简直是|堪比|"
    "一颗|埋下|不定时|定时|真恨不得|恨不得)(?:[^，。！？]{0,10})$"
)
_PREVENT: Final = re.compile("(?:防止|避免|预防|以免|防范|杜绝|免得|消除|打消)[^，。！？；\n]{0,8}$")
_SOMEONE: Final = re.compile(
    "他|她|我|儿子|女儿|孩子|老公|老婆|丈夫|妻子|父亲|母亲|爸|妈|老人|女子|男子|朋友|同学|弟|哥|姐|妹"
)
_HAZARD: Final = re.compile(
    "隐患|风险|容易|极易|易燃|易爆|可能会?|恐怕|万一|会不会|危险|危害|担心|害怕|如果|一旦|怕|迟早|早晚|难免|后果|"
    "会引起|会导致|引发|造成|导致|保不准|说不定|等到|难道要等|难道非要|非要等|非得|是不是要等|是不是非要|要等|"
    "才会|才能|才肯|才重视|才管"
)
_TRADE: Final = re.compile("爆炸|炸|雷管|绑架|杀人|引爆")
_HAZARDOUS: Final = re.compile(
    "爆炸|绑架|杀人|雷管|火|人命|炸|着火|走失|走丢|失踪|撞死|电死|淹死|砸死|跳楼|伤人|砍|打起来|出事"
)
_NOW: Final = re.compile(
    "现在|此刻|此时|今天|今晚|今早|今日|正在|正要|正拿|正往|正准备|刚刚|刚才|刚(?!好|需|性)|马上|立刻|立即|"
    "快来|快点|速来|快救|快派|急需|急求|急救|紧急|万分火急|又(?!不)|再次|这会儿|眼下"
    "|准备|打算|扬言|声称|说要|要去|就去|就要|决定|明天|明日|这几天|最近|还在|仍在|这就|请你们|派人|报警"
)
_I_WILL: Final = re.compile(
    "(?:我|我们|他|她|对方|此人|那人|老公|儿子|女儿|邻居|他们)(?:真的|真|就|就要|要|想|会|将|只有|只能|只好|都|"
    "也|现在|已经|已|准备|打算|都想|都要|真想|宁愿|干脆){1,3}$|(?:逼|害)(?:得|着)?我们?(?:去|要|只能)?$|"
    "再不[^，。！？]{1,12}[，,]?(?:我|我们|就|只能|只有|只好|去|死){1,4}[^，。！？]{0,4}$"
)
_SENTENCE: Final = re.compile("[。！？!?\n\r]")
_CLAUSE: Final = re.compile("[，。！？；!?;,\n\r]")


class Calm:
    """What calms; the bureau's own cues count where they stand in the phrase's clause or beside it."""

    def __init__(self, cues: Iterable[str]) -> None:
        own = sorted({cue for cue in cues if cue and cue not in _SOFT}, key=lambda cue: (-len(cue), cue))
        self._past_or_settled = re.compile("|".join(map(re.escape, own)) or "(?!)")
        self._after = {word: re.compile(after) for word, after in _FRIENDS_AFTER.items()}
        self._before = {word: re.compile(f"(?:{before})$") for word, before in _FRIENDS_BEFORE.items()}

    def down(self, text: str, start: int, end: int, year: int) -> bool:
        """Whether the phrase at [start, end) of plain `text`, written in `year`, is no present danger."""
        phrase = text[start:end]
        for word, after in self._after.items():
            if (at := phrase.find(word)) >= 0 and after.match(text, start + at + len(word)):
                return True
        for word, before in self._before.items():
            if (at := phrase.find(word)) >= 0 and before.search(text[max(0, start + at - 6) : start + at]):
                return True
        left, right = _edge(_CLAUSE, text, start, end)
        before_words = text[left:start]
        if _DENIED.search(before_words):
            return True
        first, last = _edge(_SENTENCE, text, start, end)
        sentence = text[max(first, start - 60) : min(last, end + 60)]
        around = text[left:right]
        if _I_WILL.search(before_words):
            return False
        now = bool(_NOW.search(around.replace(phrase, "")))
        if _PREVENT.search(before_words):
            return not _SOMEONE.search(around) and not now
        long_ago = any(match.group(1) != str(year) for match in _LONG_AGO.finditer(text, max(first, start - 40), start))
        later = bool(_NOW.search(text[end : min(last, end + 40)]))
        if now or (long_ago and later):
            past = _PAST.search(text[max(first, start - 40) : start])
            return bool(past and not later and _SETTLED.search(text[end : min(last, end + 30)]))
        if long_ago or _SETTLED.search(sentence) or _TALK.search(sentence) or self._past_or_settled.search(around):
            return True
        if not _HAZARDOUS.search(phrase):
            return False
        return bool(
            _HAZARD.search(sentence)
            or (_TRADE.search(phrase) and (_INDUSTRY.search(around) or _LIKE.search(before_words)))
        )


def _edge(stops: re.Pattern[str], text: str, start: int, end: int) -> tuple[int, int]:
    """Where the clause or sentence around [start, end) begins and ends."""
    left = 0
    for match in stops.finditer(text, max(0, start - 80), start):
        left = match.end()
    right = stops.search(text, end)
    return max(left, start - 80), right.start() if right else len(text)
