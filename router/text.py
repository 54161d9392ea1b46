"""A citizen's words go in, the same words in one plain form come out, so that rules need not know every way to mistype.

Only what rules compare is made plain; the letter itself is never changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from letters.messages import Letter
from router.phrases import Phrases, variants

TRADITIONAL: Final = dict(
    zip(
        "國員單隊處為與這個們對實聲無來時後會還沒過說話給請問題開關門車號報訴舉檢結婦兒殺彈爆炸樓橋體願讓應該認識辦證戶"
        "籍遷違罰錢萬長東縣鄉鎮莊龍橫壩雙鳳崗麻雞華馬鳥魚義張劉陳楊黃趙吳鄧蘇盧葉壓搶劫綁襲擊燒藥斷離婚緊態惡諉衛護僞騙貪賄賠償訊"
        "區廣場營業務總統組織機構偵緝輔協調狀態勢動靜經緯紀檢監視線電腦網絡絕對傷亡綫歲幾點鐘嗎麼從眾尋",
        "国员单队处为与这个们对实声无来时后会还没过说话给请问题开关门车号报诉举检结妇儿杀弹爆炸楼桥体愿让应该认识办证户"
        "籍迁违罚钱万长东县乡镇庄龙横坝双凤岗麻鸡华马鸟鱼义张刘陈杨黄赵吴邓苏卢叶压抢劫绑袭击烧药断离婚紧态恶诿卫护伪骗贪贿赔偿讯"
        "区广场营业务总统组织机构侦缉辅协调状态势动静经纬纪检监视线电脑网络绝对伤亡线岁几点钟吗么从众寻",
        strict=True,
    )
)
"""Traditional forms of the words that rules look for; a small table, not a converter."""

_WIDE: Final = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F) if chr(code).isalnum()}
_CHARS: Final = {old: new for old, new in (TRADITIONAL | _WIDE).items() if old != new} | {
    "岀": "出",
    "\u3000": " ",
    "\u00a0": " ",
}
_CHANGED: Final = re.compile("[" + "".join(_CHARS) + "]")

_CJK: Final = "\u4e00-\u9fff"
_INSERTED: Final = re.compile(rf"(?<=[{_CJK}])[ \t\u200b-\u200d\ufeff·•・.\-_*~+|/\\^#@&`'—–]+(?=[{_CJK}])")
"""Spaces and marks between two characters: “派 出 所”, “派.出.所”, “金鸡·派出所”."""

_SLIPS: Final[Phrases[str]] = Phrases(
    {
        wrong: right
        for right, patterns in (
            ("派出所", "派[处除初岀厨触础]所 派出[锁琐索缩首] [牌排拍湃]出所 派所所 派出出所 派出所所"),
            ("交警大队", "交[井敬景境晶京竞警]大[队对堆兑] [郊胶教]警大队 交警大[堆兑] 交警大对"),
            ("交警", "交[井敬景境竞][队中的不]"),
            ("刑警大队", "[形行]警大[队对] 刑警大[对堆兑]"),
            ("民警", "民[井敬景境竞惊] [名]警 名敬"),
            ("警察", "警查 [井敬]察"),
            ("投诉", "投[拆述素速]"),
            ("举报", "举[抱暴] [句具]报"),
            ("不作为", "不[做坐]为 部作为 不作[维威]"),
            ("推诿", "推[委萎喂逶伪] [退堆]诿"),
            ("敷衍", "敷[延掩演颜眼] [夫负复]衍"),
            ("态度", "太度 态[渡肚]"),
            ("恶劣", "恶[列烈]"),
            ("拖延", "[托脱]延 拖[沿言]"),
            ("包庇", "包[疵比] [饱保抱]庇"),
            ("扯皮", "扯[批疲]"),
            ("不出警", "不出[井敬竞]"),
            ("督察大队", "督查大队"),
            ("自杀", "[白目]杀"),
        )
        for pattern in patterns.split()
        for wrong in variants(pattern)
    }
)
"""Same-sound and same-shape slips that turn up in what people type; each is a word that means nothing else."""


def plain(text: str) -> str:
    """`text` with traditional characters, full-width letters, inserted marks and common slips made plain."""
    text = _CHANGED.sub(lambda match: _CHARS[match.group()], text)
    text = _INSERTED.sub("", text)
    slips = list(_SLIPS.scan(text))
    if not slips:
        return text
    parts, done = [], 0
    for start, end, right in slips:
        parts += [text[done:start], right]
        done = end
    return "".join([*parts, text[done:]])


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one letter in plain form, made once for all rules."""

    text: str
    """Title and body, a line break between them."""
    title_end: int
    """Where the body begins in `text`."""
    address: str

    @classmethod
    def of(cls, letter: Letter) -> Words:
        """The words of `letter`."""
        address = plain(letter.place.text) if letter.place.text else ""
        if "\n" in letter.title:
            title = plain(letter.title)
            return cls(f"{title}\n{plain(letter.body)}", len(title) + 1, address)
        text = plain(f"{letter.title}\n{letter.body}")
        return cls(text, text.index("\n") + 1, address)


def distance_at_most_one(a: str, b: str) -> bool:
    """Whether one character inserted, left out, changed or swapped with its neighbour turns `a` into `b`."""
    if a == b:
        return True
    if abs(len(a) - len(b)) > 1:
        return False
    if len(a) > len(b):
        a, b = b, a
    start = 0
    while start < len(a) and a[start] == b[start]:
        start += 1
    if len(a) < len(b):
        return a[start:] == b[start + 1 :]
    return a[start + 1 :] == b[start + 1 :] or (
        a[start : start + 2] == b[start : start + 2][::-1] and a[start + 2 :] == b[start + 2 :]
    )
