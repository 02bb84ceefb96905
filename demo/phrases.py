"""What the people of the demo town write: plain sentences of the kind residents send. Nobody real wrote them.

``{place}`` is an address such as 幸福路12号楼; ``{unit}``, ``{floor}``, ``{hour}``, ``{days}`` are numbers.
"""

from __future__ import annotations

from typing import NamedTuple


class Story(NamedTuple):
    """What a resident writes, the category's code and, unless it is the default, the condition's text."""

    category: str
    text: str
    condition: str = ""


STORIES = [
    Story(
        "repairs-streetlight",
        "{place}楼下的路灯坏了{days}天了，晚上漆黑一片，老人出门不敢走，麻烦来看看。",
        "单灯不亮",
    ),
    Story("repairs-streetlight", "从昨晚起{place}这一排路灯全灭了，拐角处什么都看不见。", "成片不亮"),
    Story("repairs-streetlight", "{place}{unit}单元的声控灯不亮，楼道里堆了东西，差点绊倒人。"),
    Story("repairs-road", "{place}门口人行道的地砖松了好几块，一下雨就溅一身水。"),
    Story("repairs-road", "{place}门口的路面塌下去一块，有脸盆那么大，下面好像是空的。", "路面塌陷"),
    Story("repairs-lift", "{place}{unit}单元电梯又停了，{floor}楼的老人下不来，请尽快修。", "停运"),
    Story("repairs-manhole", "{place}旁边的窨井盖裂了一道大缝，自行车压上去直晃，怕掉下去。", "井盖破损"),
    Story("repairs-fitness", "{place}健身角的扭腰器螺丝掉了，孩子在上面玩很危险。"),
    Story("repairs-fitness", "{place}前的休息长椅断了一条腿，能不能换一条？"),
    Story("repairs-water", "{place}地下室的水管在滴水，地上已经积了一大片，再不修要泡到电表了。"),
    Story("repairs-water", "{place}门口水管爆了，水一直往外冒，快淹到一楼了！", "爆管"),
    Story("repairs-sewer", "{place}的下水道堵了，一楼厕所往上返水，已经{days}天了。"),
    Story("repairs-sewer", "{place}的污水井冒水，路面全是脏水，走路只能绕着走。", "污水外溢"),
    Story("repairs-heating", "{place}{unit}单元{floor}楼暖气不热，家里只有十四度，有个刚满月的孩子。"),
    Story("repairs-fire", "{place}{unit}单元的灭火器压力不够了，标签上写的是前年过期。"),
    Story("repairs-green", "{place}后面的大树枯枝搭在电线上，刮风的时候很吓人。"),
    Story("repairs-power", "{place}楼前有一根电线垂下来，离地不到两米，孩子够得着。", "电线裸露、垂落"),
    Story("sanitation-rubbish", "{place}垃圾桶满了两天没人清，招苍蝇，味道很大。"),
    Story("sanitation-rubbish", "早市收摊以后{place}门口一地菜叶子，每天都要到下午才有人扫。"),
    Story("sanitation-bulky", "{place}{unit}单元门口有人扔了旧沙发和床垫，挡路了。"),
    Story("sanitation-bulky", "{place}后面有一堆装修垃圾，放了{days}天了没人管。"),
    Story("sanitation-sorting", "{place}厨余垃圾桶盖子坏了，味道实在受不了。"),
    Story("sanitation-fumes", "{place}楼下烧烤店的油烟直往家里飘，窗户都不敢开。"),
    Story("sanitation-pests", "{place}垃圾房附近老鼠很多，请来消杀一下。"),
    Story("sanitation-posters", "{place}墙上又贴满了小广告，刚刷过没几天。"),
    Story(
        "noise-construction", "{place}对面工地夜里{hour}点还在打桩，孩子根本睡不着。", "夜间施工（22时至6时）"
    ),
    Story("noise-construction", "{place}{unit}单元{floor}楼天天早上六点装修，节假日也不停。"),
    Story("noise-square", "{place}楼下的广场舞音响太大，能不能晚上九点以后小声一点？"),
    Story("noise-shops", "{place}一楼饭店的排风机整夜嗡嗡响，我们{floor}楼都听得见。"),
    Story("noise-neighbour", "{place}后面有人每天半夜{hour}点放音响唱歌，请上门劝一劝。"),
    Story("noise-neighbour", "{place}楼上空调外机有共振声，和邻居说过了没有用。"),
    Story("parking-illegal", "{place}门口的消防通道被私家车占了，电话打不通。", "堵塞消防、救护通道"),
    Story("parking-illegal", "晚上{hour}点以后{place}两边都停满了车，老人推轮椅都过不去。"),
    Story("parking-illegal", "{place}路边共享单车倒了一片，轮椅过不去。"),
    Story("parking-abandoned", "{place}{unit}单元门口停了一辆僵尸车，轮胎都瘪了，至少停了三个月。"),
    Story("parking-spaces", "{place}的车位划线看不清了，天天为停车吵架，能不能重新划一下？"),
    Story("parking-ebikes", "有人把电动车停在{place}楼道里充电，太危险了，请管一管。"),
    Story("property-fees", "{place}电梯广告收入多少、花在哪里，能不能请物业公示一下？"),
    Story("property-service", "{place}大门的门禁坏了{days}天，外人随便进，物业一直说在等配件。"),
    Story("property-service", "{place}{unit}单元楼顶漏水，{floor}楼的墙都发霉了，物业说要动维修资金。"),
    Story("property-service", "{place}这个星期没有保安也没有保洁，物业公司说要撤了。", "停止服务"),
    Story("property-common", "{place}邻居把鞋柜和纸箱都堆在楼道里，说了几次不听。"),
    Story("property-owners", "{place}想成立业委会，请问要多少户同意、怎么报名？"),
    Story("neighbours-leak", "{place}楼上水管漏到我家{floor}楼天花板，两家谈不拢赔多少。"),
    Story("neighbours-pets", "{place}有人遛狗不拴绳，昨天扑到一个老太太身上。"),
    Story("neighbours-building", "{place}有人在公共绿地种菜还搭了个棚，隔壁几家意见都很大。"),
    Story("neighbours-family", "{place}两家因为空调滴水吵了好几次，希望社区帮忙说和说和。"),
    Story("care-visit", "{place}{unit}单元{floor}楼的老人一个人住，最近腿脚不好，请网格员上门看看。"),
    Story(
        "care-visit",
        "{place}{unit}单元有位老人好几天没见下楼了，敲门也没人应，请马上看看。",
        "联系不上独居老人",
    ),
    Story("care-meals", "我母亲{floor}楼独居，八十二岁，想问问助餐怎么办。"),
    Story("care-equipment", "想给家里老人装一个卫生间扶手，听说有补贴，不知道怎么申请。"),
    Story("care-equipment", "轮椅上不了{place}{unit}单元门口的台阶，能不能修个坡道？"),
    Story("care-hardship", "家里老伴住院，低保申请交了{days}天没有消息，麻烦帮忙问一下。"),
    Story("certificates-school", "孩子要上小学，居住证明在哪里开，要带什么材料？"),
    Story("certificates-residence", "租房备案网上提交{days}天了还没有结果，麻烦帮忙查一下。"),
    Story("certificates-insurance", "老人的高龄补贴认证一定要本人去吗？她下不了楼。"),
    Story("certificates-veterans", "退役军人优待证想换新的，请问社区能不能代办？"),
    Story("order-stalls", "{place}楼下有人占道摆摊，早晚高峰过不去车。"),
    Story("order-throwing", "{place}{unit}单元楼上往下扔烟头和瓶子，差点砸到孩子。", "高空抛物、坠物"),
    Story("order-fraud", "{place}有人上门推销保健品，让老人当场转账，看着像骗子。", "疑似诈骗"),
    Story("order-cameras", "{place}后门一直没有监控，电动车电瓶丢了两回了。"),
    Story("order-transport", "{place}到菜市场的路口没有斑马线，老人过马路很危险，建议加一个。"),
    Story("advice-suggestion", "建议在{place}门口装一个电动车充电棚，大家就不用往楼上拎电池了。"),
    Story("advice-suggestion", "能不能把社区活动室晚上也开放两小时，年轻人下班了才有空。"),
    Story("advice-suggestion", "希望在{place}旁边多种几棵树，夏天太晒了。"),
    Story("advice-policy", "请问老旧小区改造什么时候轮到{place}？"),
    Story("advice-praise", "感谢网格员冒雨帮{place}的老人抬轮椅，给你们点赞。"),
    Story("wish-things", "家里有一批旧书想捐给社区图书角，不知道送到哪里。"),
    Story("wish-company", "九十岁的老父亲想拍一张像样的照片，能不能请志愿者上门？"),
    Story("wish-handywork", "{place}独居老人家的水龙头一直滴水，想请会修的邻居帮个忙。"),
]

#: What a member says with a decision: by outcome and root of the category, by outcome, or whatever it is.
OPINIONS: dict[str, list[str]] = {
    "accept": ["情况属实，立案。", "已电话联系居民，位置核实无误，立案。", "属本辖区，按标准立案。"],
    "reject": ["与昨天的诉求重复，已合并处理。", "经核实不在本街道辖区，已告知居民拨打12345。"],
    "assign": ["请网格员先到现场。", "派属地网格，注意时限。", "按责任网格派遣。"],
    "done": [
        "已到现场处理完毕，现场照片已上传。", "已联系责任单位当天办好，并回访居民。",
        "已上门办理，居民当面确认。", "已处理，并在单元门口张贴提示、逐户告知。",
    ],
    "done-repairs": ["维修师傅已更换零件，试用正常。", "已联系产权单位抢修完成，现场已恢复。"],
    "done-sanitation": ["已清运干净，并和商户谈好以后当天清。", "保洁已清理，明天起每天加一次巡查。"],
    "done-noise": ["已上门劝导，对方答应晚上九点以后不再放音响。", "已会同执法队现场制止，并贴了告知书。"],
    "done-parking": ["已联系车主挪车，并加装了提示牌。", "已划线，通道恢复畅通。"],
    "done-neighbours": ["已上门调解，双方握手言和。", "两家签了调解协议，约定一周内修好。"],
    "done-care": ["已上门看望，老人情况平稳，家属已联系上。", "已帮老人办好申请，下周一开始送餐。"],
    "done-certificates": ["材料已帮居民备齐，代办完成。", "已电话说明所需材料，居民当天办结。"],
    "done-advice": ["已当面答复居民，建议列入下月议事会。", "已转相关部门答复，居民表示理解。"],
    "done-wish": ["邻居认领了这个心愿，已经送到。", "志愿者上门圆了心愿，老人很高兴。"],
    "rework": ["照片看不清处理后的情况，请补拍。", "居民反映还没有修好，请再去一次。"],
    "pass": ["现场核查，问题已解决。", "电话回访居民，表示满意。", "核查通过。"],
    "close": ["符合结案条件，结案。", "资料齐全，同意结案。"],
    "transfer": ["今天外出培训，请代为处理。", "这栋楼由您负责，转给您。"],
    "other": ["同意。", "已阅，同意。"],
}  # fmt: skip

COMMENTS = {
    True: ["来得真快，谢谢网格员！", "处理得很好。", "态度很好，问题也解决了。", "谢谢，辛苦了。", "", ""],
    False: ["说修好了，其实没有。", "等了太久。", "人来了，问题没解决。", "希望以后能提前说一声。", ""],
}  # fmt: skip

REOPEN = ["修好没两天又坏了，请再来看一次。", "只清了一半，另一半还在。", "还是老样子，没有解决。"]
URGES = ["请问什么时候能来？", "家里有老人，比较着急，麻烦快一点。", "已经好几天了，请催一下。"]
