"""A clause around a word goes in; the part that a unit, a verb or a piece of conduct plays in it comes out."""

from __future__ import annotations

import re
from typing import Final, Literal

Role = Literal["subject", "passive", "recipient", "request", "praise", "place", "fake"]
"""Acts; does to the writer (被…); is gone to or told; is asked for help; is thanked; says where; is impersonated."""

_AREA: Final = (
    "(?:我们|我|你们|当地|辖区|属地|本地|本|该|贵|所属|所在|所在地|管辖|最近|附近|区|县|市|镇|乡|街道|"
    "公安|公安局|分局|的|里|这边|这里|这个|那个){0,4}"
)
_PLACE: Final = re.compile(
    r"(?:的)?(?:附近|旁边?|边上|对面|门口|门前|门外|大门(?!紧闭|关)|隔壁|后面|背后|前面|周边|周围|斜对面|"
    r"斜对过|楼[上下]|前(?:的|面)|到[^，。]{1,8}的(?:路|灯|公交|车|桥|道)|院内|院子|辖区|管辖区?|片区|路口|路段"
    r"|外面|那条|那边的|北侧|南侧|东侧|西侧|以东|以西|以南|以北|停车场|宿舍|家属院|家属楼|红绿灯|公交站|站台|"
    r"工地|后门|侧门|往[东西南北前]|背面|斜坡"
    r"|[0-9一二三四五六七八九十百]+米|不远|方向|这条路|那条路|十字路口|大院|小区|对门|转弯|拐角)"
)
_LEAD: Final = re.compile(
    "^.*(?:请问|想问|想问问|问一下|问问|咨询一下|想知道|不知道|不明白|想不通|搞不懂|不理解)(?:一下|下)?"
)
_SUED: Final = re.compile(
    "(?<![报转广劝忠通预宣公原被警])告(?:一告|状)?$|(?:起诉|状告|告倒|告赢|撤销|推翻|纠正|"
    "(?<![方居他她])(?:不服|不满|不满意|不认可)|抗议|质疑|怨恨|信不过|不相信|不信任)$"
)
_STAND_ASIDE: Final = re.compile("[^，。]{0,10}回避")
_OWES: Final = re.compile(
    "[^，。]{0,6}(?:道歉|赔偿|赔礼|给个说法|给我个?说法|给.{0,3}(?:交代|交待)|撤销[^，。]{0,6}(?:处罚|决定|"
    "认定|罚单|案件)|纠正(?:错误|违法|不当|处罚|执法|[^，。]{0,4}错误)|改正错误|归还我|返还我|"
    "退还我|停止(?:侵害|违法|骚扰)|下跪|整改|改改|端正|转变|改进作风|承担责任|恢复(?:我的)?名誉)"
)
_MISSING: Final = re.compile("(?:没有?|不见|没看到|没见到|见不到|看不到|无)(?:一个|一名|任何|半个|过)?$")
_CAME: Final = re.compile("(?:的)?(?:来|管|出|到|理|过问|影子|人影|身影|接|处理|受理)")
_FAKE: Final = re.compile(
    r"(?:冒充|假冒|自称|谎称|假扮|冒用|伪装成|伪称|假借|冒名|号称|装成|扮成)(?:是|为|了|你们|我们|某|省|市|县|"
    r"区|当地|[a-z\u4e00-\u9fff]{0,3}公安局?的?)?$"
)
_BANNER: Final = re.compile("的?(?:民警)?的?(?:旗号|名义|幌子|名头|牌子)")
_PASSIVE: Final = re.compile(r"(?:被|遭|遭到|受到|惨遭|被迫)" + _AREA + "$")
_RECIPIENT: Final = re.compile(
    r"(?:向|到|去|在|给|找|跟|与|和|同|往|至|打|拨打|联系|报告|移交|转交|递交|已交|上交|转给|转到|转至|通过|"
    r"经|由|问|询问|"
    r"咨询|来|回|进|前往|途经|路过|交给|送|送到|送至|提交|报|报到|报警到|带到|叫|叫来|等|从|被带到|押到|收到|"
    r"接到|看见|"
    r"看到|属于|归)" + _AREA + "$"
)
_REQUEST: Final = re.compile(
    r"(?:请|请求|恳请|希望|要|望|盼|盼望|建议|麻烦|求助|烦请|拜托|呼吁|恳求|要求|求|求求|让|能否|可否|能不能|"
    r"可不可以|是否可以|敬请|诚请|特请|劳烦|有劳|需要|想请|想让|期待|期盼|督促|责成|责令|安排|协调|联合|派)"
    r"(?:能|能够|可以|一下|各位|有关|相关|上级|领导|尽快|早日|贵|你们|我们|帮忙|帮助|安排|协调|督促|责令|责成|"
    r"指派|派|让|由|向|联合|加大|加强)*" + _AREA + "$"
)
_REQUESTED: Final = re.compile(
    "(?:(?<![申聘邀宴吃])请(?![问教假])|恳请|(?<![绝失渴])希望|(?:^|[我也特盼热敬人们])望|建议|麻烦|呼吁|烦请|"
    "恳求|盼)[^，。对向被把不没乱拒]{0,10}$"
)
_URGED: Final = re.compile("(?:督促|催促|责成|责令|催办|催)(?:一下)?$")
_TIMES: Final = re.compile(
    "[^，。]{0,4}(?:[0-9]+|[两三四五六七八九十几数多]|十几|几十|无数|好几)(?:余|多)?(?:次|遍|趟|回)"
)
_OFTEN: Final = re.compile("[^，。]{0,4}(?:[0-9]{2,}|十几|几十|数十|无数)(?:余|多)?(?:次|遍|趟|回)")
_PRAISE: Final = re.compile(
    r"(?:感谢|谢谢|表扬|点赞|致谢|夸|夸夸|夸赞|赞扬|称赞|多亏|幸亏|幸好有|多谢|致敬|感恩|鸣谢|赞|敬佩|表彰|"
    r"锦旗送给)(?:一下|了|我们|你们|那位|这位|两位|几位)*" + _AREA + "$"
)
_LEAD_IN: Final = re.compile(
    r"^(?:但是?|而且?|可是?|并且?|且|因为?|所以|后来|现在|当时|结果|该|那|这|这个|那个|这家|那家|我|我家|我们|"
    r"的|有|是|由于|如果|只要|每天|昨天|今天|昨晚|今晚|晚上|近日|最近|其|目前|另外|还有|同时|于是|然后|之后|"
    r"一直|经常|一些|一群|一名|一个|两个|不少|很多|许多|部分|都是|就是|[0-9年月日号点半时分、：:\s]){0,4}$"
)
_NOT_SUBJECT: Final = re.compile(
    r"(?:对|把|给|向|跟|和|与|同|帮|替|为|让|叫|使|由|被|将|找|问|抓|放|带|打|偏袒|偏向|袒护|包庇|护着|帮着|"
    r"纵容|处理|调解|通知|联系|查处|管|任由|任凭|放任|听|按|以|连|比|像|到|在|去|看着|等)$"
)
_NEW_SUBJECT: Final = re.compile(
    r"(?:说|称|称是|表示|告知|认为|讲|后|时|以后|之后|走后|离开后|，|：|:|导致|发现|因为|由于|是因为|怀疑)$"
)
_NEGATED_VERB: Final = re.compile(
    r"(?:不是|不|没有|没|无意|不想|并非|非|未|不会|撤销|撤回|取消|不打算|不用|不必|不需|无需|从未|从没|不予|"
    r"停止)(?:要|想|来|去|再|是|在|过|为了)*$"
)
_MUST: Final = re.compile(r"(?:不得不|不能不|忍不住|不可不|只好|只能|不禁|难道不)$")
_NO_VERB: Final = re.compile(
    r"(?:电话|热线|箱|信箱|平台|渠道|人(?!民|员)|者|给|到(?!$)|至|无门|材料|件|信(?!$)|后|以后|之后|单|回复|"
    r"中心|了(?!金|你|贵|该)|有奖|奖励|反馈|处理|率|量|邮箱|我(?!们)|他|她)"
)
_OBJECT_STOP: Final = re.compile(
    r"(?:请|希望|让|由|恳请|要求|，|向|给|找|跟|与|和|叫|通过|联系|打|报|拨打|后|时|麻烦|督促|建议|求)"
    + _AREA
    + "$|请|希望|恳请|麻烦|要求"
)
_WORKS_AT: Final = re.compile(r"(?:上班|工作|任职|当|就职|供职|担任|服务的|的民警|的警察|的辅警|的协警)")
_PRODUCT: Final = re.compile(
    r"(?:出具|开具|开的|开出|提供|作出|做出|下发|发|抓|抓的|抓获|受理|立案|查获|的监控|的回复(?!态度)|监控|"
    r"的证明|的电话|电话|的联系方式|的地址|地址)"
)
_WAITS: Final = re.compile(r"^(?:的)?(?:对象|单位|人|内容|事项|事由|问题|部门|主体)?(?:[:：是为如下]*)$")
_NEGATED: Final = re.compile(
    r"(?:没有|没|从不|从未|从没|毫无|毫不|并未|未曾|未|绝不|绝无|不会|不存在|(?<!是)不是|并非|并不|无|杜绝|避免|防止|"
    r"不曾|从来不|从来没|不|一点也不|一点都不|丝毫不|丝毫没有|没人|并没有|拒绝|拒收|婉拒|谢绝|谁也没有|以免|"
    r"以防)(?:过|有|任何|"
    r"丝毫|一点|因此|半点|半句|一丝|什么|因为|那么|这么|在|收|送|接受|的|我|了|出现|感到|觉得|有过)*$"
)
_TO_ME: Final = re.compile(
    r"(?:让|叫|要|求|害|害得|使|使得|令|逼|对|给|跟|把|骗|坑|拒|打|骂|为|替|找|欠|由)(?:我|我们|本人|自己)$"
)
_NOTHING_AGAINST: Final = re.compile("(?:没有|并没有|没|不是|并非|并不是)(?:对|针对|说|要说|想说)[^，。]*$")
_RHETORICAL: Final = re.compile(
    r"难道|岂不|是不是在|不是[^，]{1,8}就是|无不|不得不|莫不|能不|怎能不|怎么不|怎不|何不|为何不|为什么不"
)
_RHETORICAL_AFTER: Final = re.compile(r"^[^，。]{0,4}(?:是什么|又是什么|吗|么)")
_WISHED: Final = re.compile(
    r"(?:不要|(?<![特分区辨差级个])别|勿|切勿|不能|不可|不得|不应|不应该|不该|莫|休要|不许|禁止|严禁)(?:这样|"
    r"如此|因为|"
    r"[\u4e00-\u9fff]{0,2})?$"
)
_AGAIN: Final = re.compile("再|总|老是|继续|一味|只顾|只会|光|又|还")
_ASKED: Final = re.compile(
    r"(?:是否|是不是|会不会|有没有|能不能|可不可以|如果|若|要是|假如|万一|倘若|假设|若是|一旦|怎么办|能否|可否|除非)"
)
_PROCEDURE: Final = re.compile(
    r"^(?:不管|不受理|不予受理|不立案|不予立案|不给办|不处理|不办理|不让办|拒绝|不出警|没用|办不了|不能办|"
    r"不解决|不给开|不出具|不查|不抓|不调解|没人管|没人接|打不通|无法办理|不予处理|不接待)$"
)
_SLANDER: Final = re.compile(r"(?:造谣|谣言|抹黑|诋毁|污蔑|诬蔑|诽谤|谣传|不实言论|诬告|造谣说|编造)[^，。]*$")
_OTHERS_DEED: Final = re.compile(
    r"(?:查处|抓获|抓到|抓捕|打击|处理|制止|传唤|调查|处罚|拘留|抓|破获|查获|整治|取缔|调解|劝|训诫|严查|查|"
    r"批评|教育|"
    r"警告|阻止|帮|协助|解救|告知|通知|提醒|侦办|侦查|受理|发现|预防|防范|劝阻|劝离|惩治|遏制|治理|接到|登记|"
    r"说|称|认定)(?:了|过|一起|多起|几起|对方|邻居|他|她|他们|此类|这种|这些|那些|各类|是|的|有人|在|酒吧|"
    r"KTV){0,4}[\u4e00-\u9fff]{0,2}$"
)
_DEED_OF: Final = re.compile(
    r"^(?:我|他|她)?(?:的人|者|的行为|行为|人员|案|嫌疑|分子|的男子|的女子|车辆|停车|的车|建筑|犯罪|事件|现象|"
    r"的嫌疑|的邻居|的司机|的老板|信息|短信|电话|活动|窝点|的事|类|团伙)"
)
_IDIOM: Final = re.compile(
    r"^(?:不管)(?:是|怎|什么|多|谁|如何|哪|有没有|白天|晚上|刮风|你|我|结果|从|在|用|事大|大小|严寒)"
)
_HARMLESS: Final = re.compile(
    r"^(?:不满)(?:[0-9一二两三四五六七八九十百周足月岁])|^不服(?:务|从|水土|用|装)|^不公(?:开|布)|"
    r"^不负责(?:.{0,4}(?:业务|事项|工作|区域))|^拒绝(?:赔偿|还款|支付|退款|付款|道歉|搬|调解|配合|交|签|沟通|"
    r"酒驾|毒品|诈骗|陌生)|^才来(?:南康|这|我们|几)|^拒绝(?:了|过|接受|收|收受|任何|一切|我|送|"
    r"的){0,4}(?:红包|礼|钱|好处|吃请|宴请|说情|打招呼|吃饭)|^不到位的"
)


def of(before: str, after: str) -> Role:
    """The part a unit plays between the words before and after it in its clause."""
    before = _LEAD.sub("", before)
    if _FAKE.search(before) or _BANNER.match(after):
        return "fake"
    if _PLACE.match(after):
        return "place"
    if _PRAISE.search(before):
        return "praise"
    if _PASSIVE.search(before):
        return "passive"
    if _URGED.search(before):
        return "recipient"
    if _TIMES.match(after) and _REQUEST.search(before):
        return "recipient"
    if _REQUEST.search(before) or _REQUESTED.search(before):
        return "request"
    if _RECIPIENT.search(before):
        return "recipient"
    return "subject"


def is_sued(before: str, after: str) -> bool:
    """Whether a unit is sued or disputed with (告, 起诉, 不服), or asked to stand aside (回避)."""
    return bool(_SUED.search(before) or _STAND_ASIDE.match(after))


def owes(after: str) -> bool:
    """Whether the unit before `after` is asked to make good what it did (道歉, 赔偿)."""
    return bool(_OWES.match(after))


def in_vain(after: str) -> bool:
    """“报警17次”: the unit before `after` was turned to so often that nothing can have come of it."""
    return bool(_OFTEN.match(after))


def is_slandered(before: str) -> bool:
    """Whether others are said to slander the unit after `before`, or the writer with it."""
    return bool(_SLANDER.search(before))


def is_missing(before: str, after: str) -> bool:
    """“没有一个警察来”: police that nobody saw."""
    return bool(_MISSING.search(before) and _CAME.match(after))


def is_place(text: str, end: int) -> bool:
    """Whether a unit named up to `end` only says where something is (金鸡派出所旁边)."""
    return bool(_PLACE.match(text, end))


def becomes_subject(before: str, acting: bool) -> bool:
    """Whether somebody else, named after `before`, is whom the clause now is about; `acting` when police were."""
    if _NOT_SUBJECT.search(before):
        return False
    if _LEAD_IN.match(before) or _NEW_SUBJECT.search(before):
        return True
    return not acting


def is_denied(before: str) -> bool:
    """Whether the verb after `before` is denied (不是要投诉), not merely reluctant (不得不投诉)."""
    return bool(_NEGATED_VERB.search(before)) and not _MUST.search(before)


def is_accusing(text: str, start: int, end: int, kind: str) -> bool:
    """Whether a verb accuses: not denied, not part of 投诉电话, 被投诉后."""
    if is_denied(text[max(0, start - 6) : start]):
        return False
    before = text[max(0, start - 6) : start]
    if kind == "accuse":
        return not _NO_VERB.match(text, end) or bool(
            re.match(r"人[:：]|人是|人为", text[end : end + 2]) and before.endswith("被")
        )
    return True


def waits(text: str, end: int, start: int) -> bool:
    """Whether a verb that ended its clause still waits for its object in the clause that begins at `start`."""
    between = text[end:start]
    return len(between) <= 8 and bool(_WAITS.match(between.rstrip("，,。！!？?；;\n\r… ")))


def is_object(gap: str, after: str) -> bool:
    """Whether the unit after `gap` is the object of the verb before it."""
    if len(gap) > 20:
        return False
    if _WORKS_AT.match(after) and len(gap) < 8:
        return True
    return (
        not _OBJECT_STOP.search(gap) and not _PRODUCT.match(after) and not re.search(r"(?:在|到|去)" + _AREA + "$", gap)
    )


def cancelled(before: str, after: str, word: str) -> bool:
    """Whether the words beside conduct take it back: denied, wished away, only asked about, or slander of others."""
    if _HARMLESS.match(word + after) or _IDIOM.match(word + after) or (before.endswith("管") and word == "不管"):
        return True
    if _SLANDER.search(before) or _NOTHING_AGAINST.search(before):
        return True
    if _WISHED.search(before):
        return not _AGAIN.search(before[-8:])
    if (
        _NEGATED.search(before)
        and not _RHETORICAL.search(before + word)
        and not _RHETORICAL_AFTER.match(after)
        and not after.startswith("就是")
    ):
        return True
    if (
        before.endswith(("我", "我们", "本人", "自己"))
        and not _TO_ME.search(before)
        and not word.startswith(
            (
                "不满",
                "不服",
                "无法",
                "寒心",
                "有意见",
                "非常",
                "很失望",
                "太失望",
                "气愤",
                "愤怒",
                "心寒",
                "不能",
                "不认可",
                "有异议",
                "打",
            )
        )
    ):
        return True
    if before.endswith(("会", "会不会", "可能", "是否")) and re.search("吗|呢", after):
        return True
    return bool(_ASKED.search(before) and _PROCEDURE.match(word) and "再" not in before)


def wished_again(before: str) -> bool:
    """“不要再”, “别总”: a wish that says it has happened before."""
    return bool(_WISHED.search(before) and _AGAIN.search(before[-8:]))


def done_to_others(before: str, after: str) -> bool:
    """Whether a deed is one that police act against (查处赌博, 制止打人者), not one of theirs."""
    return bool(_OTHERS_DEED.search(before) or _DEED_OF.match(after))
