"""What police are said to do goes in; whether it is their ordinary work comes out.

Complaints have no closed vocabulary (“把案子压了两年”), ordinary police work nearly has: so what a unit does in a letter
counts as a complaint, unsure, unless it reads as work, service, a question or praise.
"""

from __future__ import annotations

import re
from typing import Final

_ADVERBS: Final = (
    "(?:已经?|于|正在?|将|会|能够?|可以?|来|过来|前来|赶来|赶到|及时|迅速|很快|马上|连夜|立即|立刻|当场|当天|"
    "当晚|现场|第一时间|多次|也|都|又|还|就|先|再|后来|曾|曾经|随后|现|目前|刚|刚刚"
    "|今天|昨天|昨晚|今早|每天|每次|经常|一直(?!不|没|未|拖)|始终(?!不|没|未)|主动|积极|专门|特意|"
    "冒着?.{1,4}|热情|耐心地?|细心地?|认真地?|帮忙?|帮助|亲自|带队|带领|带着|到现场|为|替|给|对|向|和|与|跟|"
    "把|将|依法|依规|按规定|要求|"
    "请|派|派了?人|派员"
    "|我们?|我家|他们?|她|其|本人|群众|村民|居民|双方|大家|老人|孩子|小孩|当事人|对方|邻居|"
    "[0-9一二两三四五六七八九十几]+[次名个位月日号点天]|[0-9年月日号点时分:：]+|的|地|了|过|去|到|在|有|所|"
    "里|上|下|人|里面|同志|们){0,12}"
)
_WORK: Final = re.compile(
    "受理|立案|出警|接警|处警|到场|到达|现场|赶到|来到|来过|来看|到过|处置|处理|调解|劝|制止|抓|查|破获|破案|"
    "侦破|侦办|侦查|办案|办结|办理|办好|办了|办完"
    "|通知|联系|调取|调看|登记|回复|答复|反馈|协调|送|救|找|追回|挽回|解决|走访|巡逻|执勤|值守|指挥|疏导|"
    "宣传|讲解|教育|批评|警告|训诫|拘留|处罚|罚款|传唤|询问|带走|带到|带回"
    "|接到|接报|开展|组织|上门|核实|核查|核对|勘查|取证|采集|采了|采血|提供|出具|开具|开了?证明|建议|提醒|"
    "认定|批准|同意|移交|转交|移送|转给|介入|参与|见证|搬|位于|坐落|招[辅聘募录协人]"
    "|关心|慰问|照顾|陪|解释|说明|介绍|指导|指引|协助|帮|背起|抱起|推车|扶|打捞|扑救|发放|发现|布控|打击|"
    "整治|清理|取缔|保护|守护|维护|维持|加强|负责|主管|管辖|年检|上牌|审核|签发|制作|完成|发来|发了|发布|公布"
    "|加班|坚守|付出|努力|追踪|冻结|止付|拒收|婉拒|谢绝|拦截|返还|退还|归还|送还|收缴|查扣|登门|回访|约谈|"
    "上报|汇报|研究|指派|安排|加派|增派|驻守|蹲守|比对|鉴定|笔录|说服|开导|疏通|抢修|盖章|签字|备案|存档|"
    "开放|上班|值班"
    "|下班|休息|预约|改名|成立|设立|撤并|合并|启用|投入|安装|施划|划线|设卡|设置|维修|更新|主持|座谈|开会|"
    "讲课|普法|判|贴过|贴了|打电话|打来电话|普及|推出|开通|增加|增设|调整|来人|派人|派了|检查|抽查|联合|夜查|"
    "慰问|捐|看望|举办|邀请|培训|演练|要求[^我]{0,4}登记|收治|护学|站岗|维稳|备勤|采了|验|量|拍照|录入|录了|"
    "补录|录指纹"
)
_HARM: Final = re.compile(
    "偏听|任人唯亲|大吃大喝|随意|任意|肆意|胡乱|偏[向袒心]|坑|保护费|撤诉|就知道|只知道|只会|放了|放走|"
    "拿了我|拿我|退卷|快一年|"
    "一年了|没还|被举报|"
    "举报信|举报人|骚扰|公道$|私下|私自|要钱|要了我|收了我|收我|让我[交先签写赔掏道放撤]|"
    "叫我[交先签写赔掏道放撤]|"
    "要我[交先签写赔掏道放撤掏]|交钱|放人|弄丢|丢了|摔|推倒|扔|搜我|翻我|关了|关我|威逼|利诱|逼|强行|强迫|骗|"
    "喝|赌博(?!人员|案)|打麻将|包庇|明知|熟人|亲戚|扣[了着押]我|扣[了着押].{0,4}(?:不|没|一直|年|月)"
    "|罚了我|错[了的]|登错|写错|弄错|搞错|假的|坏了|差[^别]|半天|一巴掌|精神病|闲得|改了|换人|打死|打伤|受伤|"
    "流泪|眼泪|私分|勾|养[着了].{0,3}女|情人|小三|开车接送|公车|警车|空白|打[了我人他]|耳光|手铐|铐|电棍|"
    "脱光|罚站|侮|嫌|催|压[着了]|拖[着了欠]|欠|占|一句|二话不说|就把我|反过来|倒打|各打|互殴|一年来|两年|"
    "三年|半年|几个月"
)
_TOLD: Final = re.compile(
    "^" + _ADVERBS + "(?:说|称)?(?:说|称|讲|表示|告知|告诉|答复|回复|让|叫|要求|要|需要|建议|通知|认为|解释|提醒|请|"
    "带)(?:我们?|他们?|"
    "她|其|本人|当事人|群众|大家|邻居|双方|对方|老人|孩子)?"
    "(?:[:：，]|是?(?:要|需要?|应该?|可以|得|去|来|回|到|先|再|明天|后天|今天|下周|周[一二三四五六日末]|本人|"
    "带|携带|提供|补|交|开|填|准备|预约|拍|等|领|取|拿|办|走|找|向|通过|经|属于|已|正在|正|会|将|尽快|一定|"
    "继续|依法|按|这是|这个|这种|此事|案件|案子|监控|材料|资料|系统|名额|政策|规定|没(?:问题|关系|事)|"
    "不(?:用|需要|必|要紧|是警情|属于警情|属于公安|属于治安)))"
)
_ASKED: Final = re.compile(
    "吗|么[？?]?$|多少|几点|几号|几楼|哪里|在哪|哪儿|哪个|何时|什么时候|什么时间|能否|是否|可否|能不能|"
    "可不可以|是不是|怎么(?:办|走|预约|联系|查|申请|弄|填|交)|如何|需要(?:什么|哪些|带)|什么(?:手续|材料|"
    "条件|流程|要求|电话|证明)|地址|电话是|联系方式|要不要|有没有(?:人上班|周末|规定|要求)|谁负责|归谁|电话$|"
    "多久|多长时间|几天|几个工作日|怎么取|怎么领"
)
_ACCUSING_QUESTION: Final = re.compile(
    "就是这样|就这样|这样(?:对待|办事|为人民|当警)|这么(?:办事|当警|对待)|凭什么|为什么|为何|怎么(?:能|可以|"
    "敢|不|还|没)|有没有(?:人管|王法|天理|良心|责任|法律)|是不是(?:收|有|就|想|"
    "在)|难道|还管不管|到底|究竟|何在|吃干饭|干什么吃|什么东西|算什么|安的什么|谁给"
)
_GOOD: Final = re.compile(
    "谢意|敬意|拾金不昧|见义勇为|助人为乐|无私|奉献|的赞|感激|安全感|拒收|清廉|主持[^，]{0,4}公道|很公道|得公道|支持|"
    "拍手|称快|服气|说没问题|婉拒|谢绝|感谢|谢谢|表扬|点赞|"
    "致谢|致敬|锦旗|热心|耐心|热情|"
    "敬业|暖心|好评|为民|高效|尽职|"
    "尽责|认真|负责|称赞|赞扬|"
    "辛苦|感动|满意(?<!不满意)|公正(?<!不公正)|专业(?<!不专业)|很好|真好|不错|给力|优秀|靠谱|贴心|"
    "到位(?<!不到位)|文明(?<!不文明)|不怕|二话不说就?[背帮救跳冲送]|好民警|好警察|好人|可敬|可爱|"
    "及时(?<!不及时)|顺利|"
    "放心(?<!不放心)|安心|温暖|点个赞|英勇|没有嫌|不厌其烦|值得|支持|祝|坚持|都说好|叫好|称好"
)
_NEGATIVE: Final = re.compile(
    "不|没|未|无(?!锡|人机|名|证|线|偿|论)|拒|乱|竟|居然|反而|反倒|硬要|硬是|非要|只(?!要|有|是想)|却|连|光|死|"
    "假|黑|赖|坏|骗|压|拖|推|逼|吓|骂|滚|凶|私了|敷|冤|亏|害|白|才"
)
_HARMLESS_NEGATIVE: Final = re.compile(
    "不(?:赔|还钱|付|给钱|认|听|改|配合|同意|肯[出赔付]|愿意?赔|错|好意思|在家|在本地|方便|知道|清楚|"
    "同意调解|久|远|少|断|仅|但|同|用|必|需要|是警情|属于|愧|"
    "满[0-9十])|没有?(?:问题|事|关系|责任|错|怪|嫌)|未(?:成(?!立)|满|来)|不(?:明|法)|无证|无牌|无犯罪|无房|无业|"
    "没收|连夜|连续|"
    "连日|白天|不动产|不锈|光荣|死者|死亡|死因|黑恶|黑车|假证|假币|假冒|骗子|诈骗|被骗|拖车|推车|推荐|推广|"
    "推进|推动|黑板|黑夜|坏人|光明|白石"
)
_SAID: Final = re.compile("^" + _ADVERBS + "(?:说|称|讲|表示|告知|告诉|答复|回复|认为|解释)")
_MEANWHILE: Final = re.compile("^在[^，。]{1,10}(?:过程中|期间|的时候|之后|以后|时|中)")
_AFTER_THEY_LEFT: Final = re.compile(
    "^(?:一?走了?|离开了?|来了?|到了?|到场|赶到|处理|处置|调解|劝阻|劝离|制止|警告|出警|批评|教育|上门|"
    "走){1,2}(?:之后|以后|后|时|前|之前)"
)
_STILL_THEY: Final = re.compile(
    "一言不发|一声不吭|转身|扭头|看了|拍了|未|没|不|就|便|却|只|根本|还|反|直接|也|竟|居然|随便|简单"
)
_NOT_THEM: Final = re.compile("(?:不是|并非|不怪|不关|不怨|不知道|不清楚|不晓得|不管是|无论是|不论是|除了)$")
_BY_LAW: Final = re.compile(
    "(?:依法|当场|以[^，。]{1,12})?(?:行政|刑事)?(?:拘留|处罚|罚|传唤|抓|带|叫|扣|拖|查|通知|找|救|送|劝|请|"
    "采纳|退|吊销|记|立案|起诉|取保|释放|要求|告知|列为|认定|拍|贴|开|判|批评|教育|训诫|警告|感动|拦|制止|"
    "发现|锁|移|暂扣|没收|冻结|追)"
)
_ADDRESSED: Final = re.compile(
    "(?:的)?(?:各位|全体)?(?:领导|民警|警官|所长|大队长)?(?:同志|叔叔|阿姨)?们?(?:您们?|你们?)?好?[:：、 ]*"
)
_THEIR_WORKS: Final = re.compile("(?:以前|之前|去年|新)?(?:安装|设置|设立|公布|发布|划|建|装|修|摆放|推出|印发)的")
_WRITER_IS: Final = re.compile(
    r"(?:我|本人|我们|爱人|老公|丈夫|妻子|老婆|父亲|母亲|爸爸|妈妈|爸|妈|儿子|女儿|哥哥?|弟弟?|姐姐?|妹妹?|表哥|"
    r"表弟|叔叔|舅舅|亲属|朋友)(?:以前|曾经?|原来|现在|就|也|都)?是(?:一名|一个|名|在)?(?:退休|原|前)?$"
)
_HEADED: Final = re.compile("(?:^|[^不管论还都])是$|就是$|乃是$|原来是$")


def praised(text: str) -> bool:
    """Whether words of praise or thanks stand in `text`."""
    return bool(_GOOD.search(text))


def harmful(predicate: str) -> bool:
    """Whether a clause has words of harm or refusal at all."""
    clean = _HARMLESS_NEGATIVE.sub("", predicate)
    return bool(_NEGATIVE.search(clean) or _HARM.search(predicate) or _ACCUSING_QUESTION.search(predicate))


def asked(predicate: str) -> bool:
    """Whether a clause only asks for information (几点上班吗), not “why on earth” (凭什么)."""
    return bool(_ASKED.search(predicate)) and not _ACCUSING_QUESTION.search(predicate)


def done_by_law(predicate: str) -> bool:
    """Whether what was done to the writer (被…) is what the law provides for, or good."""
    return not predicate or bool(_BY_LAW.match(predicate))


def ordinary(before: str, predicate: str, following: str, named: bool) -> bool:
    """Whether what police do here is ordinary: nothing said of them, work, words of advice, a question, praise.

    A unit that is `named` gets less benefit of the doubt than police in general.
    """
    predicate = _MEANWHILE.sub("", predicate)
    if _NOT_THEM.search(before):
        return True
    if left := _AFTER_THEY_LEFT.match(predicate):
        predicate = predicate[left.end() :]
        if not left.group().endswith("时") and not _STILL_THEY.match(predicate):
            return True
    if _ACCUSING_QUESTION.search(predicate) or _ACCUSING_QUESTION.search(before[-8:]):
        return False
    if _GOOD.search(predicate) or _GOOD.search(before[-10:]):
        return True
    if _GOOD.search(following) or _ADDRESSED.fullmatch(predicate):
        return True
    if not predicate or len(predicate) == 1:
        return not _HEADED.search(before) or bool(_WRITER_IS.search(before))
    if asked(predicate):
        return True
    if _WRITER_IS.search(before) or re.match(
        "的?(?:家属|妻子|丈夫|爱人|孩子|子女|儿子$|女儿$|退休|同志您好|同志你好|您好|你好|叔叔|阿姨|们?好)", predicate
    ):
        return True
    if _THEIR_WORKS.match(predicate) and not _HARM.search(predicate):
        return True
    clean = _HARMLESS_NEGATIVE.sub("", predicate)
    if _TOLD.match(predicate) or (_SAID.match(predicate) and not (named and _NEGATIVE.search(clean))):
        return not re.search(
            "死心|私了|自认|自己(?:想办法|解决|找|查|去找)|别管|少管|滚|闭嘴|精神病|神经病|有病|闲得|才放人|"
            "千块|百块|万块|块钱|"
            "回家自己|等着|道歉|空白|花钱|拿钱|交钱|撤案|撤诉|"
            "不立案|不管|不归",
            predicate,
        )
    if _NEGATIVE.search(clean) or _HARM.search(predicate):
        return False
    return not named or bool(_WORK.search(predicate))
