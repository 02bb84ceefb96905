"""Names of a fictional town: places and people, Chinese and English. Nobody here exists."""

from __future__ import annotations

import random as stdlib_random

#: No division of the country has this code.
STREET = ("149999001", "清河街道", "Qinghe Subdistrict")

#: One per community, in the order communities are numbered.
COMMUNITIES = [
    ("和平里", "Hepingli"), ("新华", "Xinhua"), ("桃园", "Taoyuan"), ("文庙", "Wenmiao"),
    ("柳巷", "Liuxiang"), ("迎春", "Yingchun"), ("双塔", "Shuangta"), ("水西门", "Shuiximen"),
    ("青年路", "Qingnian Road"), ("永乐", "Yongle"), ("钟楼", "Zhonglou"), ("南宫", "Nangong"),
    ("老槐树", "Old Locust Tree"), ("建设路", "Jianshe Road"), ("五一", "Wuyi"), ("龙潭", "Longtan"),
    ("锦绣苑", "Jinxiuyuan"), ("东安", "Dong'an"), ("望河", "Wanghe"), ("晋阳里", "Jinyangli"),
]  # fmt: skip

#: Streets by rank: main roads first, then roads. Smaller ones get names of two characters from ``_lanes``.
STREETS = {
    0: [
        ("解放大街", "Jiefang Avenue"), ("清河大道", "Qinghe Boulevard"), ("人民路", "Renmin Road"),
        ("迎泽大街", "Yingze Avenue"), ("中环路", "Zhonghuan Road"), ("北大街", "Beida Street"),
    ],
    1: [
        ("幸福路", "Xingfu Road"), ("学府路", "Xuefu Road"), ("体育路", "Tiyu Road"),
        ("纺织街", "Fangzhi Street"), ("滨河路", "Binhe Road"), ("府东街", "Fudong Street"),
        ("并州路", "Bingzhou Road"), ("长风街", "Changfeng Street"), ("劲松路", "Jinsong Road"),
        ("兴华街", "Xinghua Street"), ("千峰路", "Qianfeng Road"), ("菜园街", "Caiyuan Street"),
        ("铁匠街", "Tiejiang Street"), ("北营路", "Beiying Road"), ("杏花岭路", "Xinghualing Road"),
        ("平阳路", "Pingyang Road"), ("南内环街", "Nanneihuan Street"), ("坞城路", "Wucheng Road"),
        ("大营盘路", "Dayingpan Road"), ("朝阳街", "Chaoyang Street"), ("东华门街", "Donghuamen Street"),
        ("胜利街", "Shengli Street"),
    ],
}  # fmt: skip
_FIRST = {
    "桃": "Tao", "李": "Li", "杏": "Xing", "梅": "Mei", "竹": "Zhu", "兰": "Lan", "菊": "Ju",
    "荷": "He", "松": "Song", "柏": "Bai", "槐": "Huai", "柳": "Liu", "枫": "Feng", "桂": "Gui",
    "棠": "Tang", "榆": "Yu", "云": "Yun", "霞": "Xia", "晨": "Chen", "星": "Xing", "泉": "Quan",
    "溪": "Xi", "石": "Shi", "桥": "Qiao", "井": "Jing", "灯": "Deng", "鼓": "Gu", "书": "Shu",
    "墨": "Mo", "笔": "Bi", "砚": "Yan",
}  # fmt: skip
_LAST = {
    "花": "hua", "园": "yuan", "林": "lin", "影": "ying", "溪": "xi", "塘": "tang", "台": "tai",
    "坊": "fang", "井": "jing", "湾": "wan", "庭": "ting", "轩": "xuan",
}  # fmt: skip

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
)
GIVEN = [
    "建国", "秀英", "志强", "桂兰", "文博", "晓梅", "海燕", "俊杰", "淑珍", "国庆", "丽娟", "永红",
    "春生", "雪松", "佳怡", "浩然", "子涵", "玉兰", "振华", "凤英", "卫东", "红霞", "思远", "雨欣",
    "德明", "金花", "宏伟", "静怡", "立新", "美玲", "长青", "月娥", "家豪", "梓萱", "福生", "翠平",
    "志远", "爱民", "素芬", "天佑", "慧敏", "学军",
]  # fmt: skip

NUMERALS = "零一二三四五六七八九十"


def street_names(ranks: list[int]) -> list[tuple[str, str]]:
    """A Chinese and an English name for each street of these ranks; no name twice."""
    used = {rank: iter(names) for rank, names in STREETS.items()}
    lanes = iter(_lanes())
    return [next(used.get(rank, iter(())), None) or next(lanes) for rank in ranks]


def _lanes() -> list[tuple[str, str]]:
    pairs = [(first, last) for last in _LAST for first in _FIRST if first != last]
    stdlib_random.Random(5).shuffle(pairs)
    return [
        (
            f"{first}{last}{'街巷'[number % 2]}",
            f"{_FIRST[first]}{_LAST[last]} {('Street', 'Lane')[number % 2]}",
        )
        for number, (first, last) in enumerate(pairs)
    ]


def numeral(number: int) -> str:
    """1–99 in Chinese: 1 → 一, 12 → 十二, 20 → 二十."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")


class People:
    """Names of people, none twice, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = stdlib_random.Random(seed)
        self.used: set[str] = set()

    def name(self) -> str:
        while True:
            # Common surnames stand at the front of the list and come up more often.
            surname = SURNAMES[min(int(self.random.expovariate(0.06)), len(SURNAMES) - 1)]
            name = surname + self.random.choice(GIVEN)
            if name not in self.used:
                self.used.add(name)
                return name
