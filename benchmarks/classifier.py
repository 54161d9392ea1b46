"""Letters come in (invented, or files of real ones); letters a second of the naive pipelines and of ours go out.

    python -m benchmarks.classifier [FILE ...] [--letters N] [--json]

Times are processor time of one core, so that other work on the machine does not count. The naive baseline is two
scikit-learn pipelines (jieba.lcut, TfidfVectorizer, LinearSVC), called one letter at a time.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jieba
from threadpoolctl import threadpool_limits

from classifier.serving import LetterModel, LetterText
from classifier.training import train
from classifier.training_files import read

_SUBJECTS = (
    "小区",
    "路口",
    "学校门口",
    "菜市场",
    "工地",
    "广场",
    "公交站",
    "车站",
    "楼道",
    "停车场",
    "村口",
    "河边",
    "医院门口",
)
_TROUBLES = {
    "户政": "身份证 户口本 迁移户口 居住证 更改姓名 出生登记 港澳通行证 办证 户籍 落户 证明 窗口 预约 材料 照片",
    "交管": "违停 红绿灯 电子警察 罚款 驾驶证 年检 货车 逆行 拥堵 斑马线 停车位 摩托车 扣分 交通事故 摄像头",
    "治安": "打架 噪音 赌博 养狗 扰民 醉酒 斗殴 烧烤摊 麻将 烟花 盗窃 广场舞 纠纷 传销 寻衅",
    "刑侦": "诈骗 转账 银行卡 刷单 被骗 立案 网络贷款 冒充客服 追回 报案 投资平台 盗刷 嫌疑人 证据 案件",
    "出入境": "护照 签证 出国 港澳 换发 外国人 居留 口岸 旅行证 加急 邮寄 取证 续签 回乡证 留学",
    "禁毒": "吸毒 毒品 社区戒毒 尿检 举报 贩卖 帮教 戒毒所 解除 康复 易制毒 罂粟 涉毒 场所 复吸",
    "警务监督": "态度 推诿 不作为 民警 投诉 出警慢 回复 敷衍 执法 记录仪 处理结果 程序 督察 违规 受理",
    "网安": "网站 账号 隐私 谣言 个人信息 泄露 辱骂 贴吧 直播 群聊 黑客 手机 骚扰短信 注销 平台",
    "消防": "消防通道 灭火器 电动车 充电 堵塞 隐患 楼梯间 易燃 安全出口 检查 仓库 液化气 烟感 火灾 疏散",
    "建议": "建议 增设 警务室 宣传 巡逻 监控 优化 便民 流程 服务 网上 咨询 感谢 表扬 改进",
}
_COMMON = (
    "我是本地居民",
    "请领导核实处理",
    "希望尽快答复",
    "给我们生活带来很大影响",
    "反映多次没有结果",
    "已经持续好几个月",
    "恳请有关部门重视",
    "电话打不通",
    "昨天晚上",
    "今年以来",
    "很多老人和孩子",
    "不知道找谁",
    "请问应该怎么办",
    "我们都很着急",
    "物业说不归他们管",
    "附近住户",
    "来回跑了三趟",
    "工作人员说",
    "上个星期",
    "每天早上",
    "一直没有解决",
    "谢谢",
)
_SYLLABLES = "安宁和平福康祥瑞龙凤新华中兴东西南北河山林泉石桥光明永丰金银玉梅兰松柏"


def invented(count: int, seed: int = 7) -> list[dict[str, str]]:
    """Letters of about 287 characters with ten categories and forty units."""
    rng = random.Random(seed)
    stations = [a + b + "派出所" for a, b in zip(_SYLLABLES[:30], _SYLLABLES[6:], strict=False)][:30]
    squads = [
        f"{kind}大队" for kind in ("交警", "治安", "刑侦", "出入境", "禁毒", "网安", "督察", "户政", "特警", "法制")
    ]
    out = []
    for number in range(count):
        category = rng.choice(list(_TROUBLES))
        unit = rng.choice(stations + squads)
        words = _TROUBLES[category].split()
        noise = _TROUBLES[rng.choice(list(_TROUBLES))].split()
        body = f"{unit[:2]}{rng.choice(_SUBJECTS)}"
        while len(body) < 270:
            part = (
                rng.choice(words)
                if rng.random() < 0.35
                else rng.choice(_COMMON)
                if rng.random() < 0.7
                else rng.choice(noise)
            )
            tail = "".join(rng.sample(_SYLLABLES, 2)) + rng.choice(("路", "小区", "村", ""))
            body += part + (tail if rng.random() < 0.4 else "") + rng.choice(("，", "，", "。", ""))
        title = f"关于{rng.choice(_SUBJECTS)}{rng.choice(words)}的问题"
        out.append({"id": f"b{number}", "title": title, "body": body, "category": category, "unit": unit})
    return out


def from_files(files: Sequence[Path]) -> list[dict[str, str]]:
    """Real letters. Those that lack a head's label borrow one, so that both heads have the same work."""
    letters = read(files).letters
    units = sorted({s.unit for s in letters if s.unit}) or [f"第{k}派出所" for k in range(40)]
    categories = sorted({s.category for s in letters if s.category}) or [f"第{k}类" for k in range(10)]
    rng = random.Random(1)
    return [
        {
            "id": s.id,
            "title": s.text.title,
            "body": s.text.body,
            "category": s.category or rng.choice(categories),
            "unit": s.unit or rng.choice(units[:40]),
        }
        for s in letters
    ]


def cpu(work: Callable[[], Any]) -> float:
    """Processor seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def best(work: Callable[[], Any], times: int = 3) -> float:
    """The least of several runs: what the machine's other work disturbed least."""
    return min(cpu(work) for _ in range(times))


def naive(letters: Sequence[dict[str, str]], sample: Sequence[dict[str, str]]) -> float:
    """Letters a second of the obvious way."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    jieba.setLogLevel(60)
    texts = [f"{r['title']}\n{r['body']}" for r in letters]
    pipelines = [
        make_pipeline(TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, lowercase=False), LinearSVC()).fit(
            texts, [r[head] for r in letters]
        )
        for head in ("category", "unit")
    ]
    asked = [f"{r['title']}\n{r['body']}" for r in sample]

    def work() -> None:
        for text in asked:
            for pipeline in pipelines:
                pipeline.predict([text])

    return len(asked) / best(work, 2)


def loading(folder: Path) -> dict[str, float]:
    """Milliseconds to load, and megabytes resident with the model, in a process of its own."""
    code = (
        "import sys,time,json,psutil\nfrom pathlib import Path\nfrom classifier.serving import LetterModel,LetterText\n"
        "t=time.process_time();m=LetterModel.load(Path(sys.argv[1]));t=time.process_time()-t\n"
        "m.label([LetterText('题','正文'*100)]*512)\n"
        "print(json.dumps({'load_ms':t*1e3,'resident_mb':psutil.Process().memory_info().rss/2**20}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def measure(letters: list[dict[str, str]]) -> dict[str, Any]:
    """The benchmark's table as a dictionary."""
    out: dict[str, Any] = {"letters": len(letters)}
    items = [LetterText(r["title"], r["body"]) for r in letters]
    out["characters"] = round(sum(len(i.title) + len(i.body) for i in items) / len(items), 1)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "letters.jsonl"
        file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in letters), encoding="utf-8")
        out["train_s"] = cpu(lambda: train([file], Path(scratch) / "m"))
        model = LetterModel.load(Path(scratch) / "m")
        out |= loading(Path(scratch) / "m")
        asked = (items * (4000 // len(items) + 1))[:4000]
        model.label(asked[:512])
        out["naive_per_s"] = naive(letters, letters[:300])
        out["batch_per_s"] = len(asked) / best(lambda: model.label(asked, evidence=False))
        out["evidence_per_s"] = len(asked) / best(lambda: model.label(asked))
        single = asked[:500]
        out["one_us"] = best(lambda: [model.label([i], evidence=False) for i in single]) / len(single) * 1e6
        out["columns"] = int(model.model.weights.shape[1])
        out["features"] = int(model.model.weights.shape[0])
    out["batch_times_naive"] = out["batch_per_s"] / out["naive_per_s"]
    out["evidence_times_naive"] = out["evidence_per_s"] / out["naive_per_s"]
    return out


ROWS = (
    ("naive pipelines, letters/s", "naive_per_s", "{:,.0f}"),
    ("both heads, confidence, top 3, letters/s", "batch_per_s", "{:,.0f}"),
    ("  times naive (must 20, goal 45)", "batch_times_naive", "{:.1f}"),
    ("with evidence, letters/s", "evidence_per_s", "{:,.0f}"),
    ("  times naive (must 10)", "evidence_times_naive", "{:.1f}"),
    ("one letter alone, µs (must 200)", "one_us", "{:.0f}"),
    ("training, s (must 60 for 10,000)", "train_s", "{:.1f}"),
    ("loading, ms (must 150)", "load_ms", "{:.0f}"),
    ("resident, MB (must 300)", "resident_mb", "{:.0f}"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="files of real letters; invented ones without")
    parser.add_argument("--letters", type=int, default=10_000, help="how many letters to train on")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    letters = (from_files(given.files) if given.files else invented(given.letters))[: given.letters]
    with threadpool_limits(limits=1):
        result = measure(letters)
    if given.json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"{result['letters']:,} letters of {result['characters']} characters")
    print(f"{result['features']:,} features × {result['columns']} columns")
    for title, key, form in ROWS:
        print(f"{title:<44}{form.format(result[key]):>12}")


if __name__ == "__main__":
    main()
