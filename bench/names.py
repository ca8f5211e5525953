"""Invented names: surnames by how common they are, given names, employers. None is of a real person."""

from __future__ import annotations

#: The common surnames, most common first, with their share of the people in thousandths.
_COMMON = (
    "王70 李69 张65 刘52 陈45 杨30 赵27 黄22 周20 吴19 徐18 孙17 胡13 朱12 高12 林11 何11 郭11 马10 罗9 "
    "梁8 宋8 郑8 谢7 韩7 唐6 冯6 于6 董6 萧5 程5 曹5 袁5 邓5 许5 傅4 沈4 曾4 彭4 吕4 苏4 卢4 蒋4 蔡4 贾3 "
    "丁3 魏3 薛3 叶3 阎3 余3 潘3 杜3 戴3 夏3 钟3 汪3 田3 任3 姜3 范3 方2 石2 姚2 谭2 廖2 邹2 熊2 金2 陆2 "
    "郝2 孔2 白2 崔2 康2 毛2 邱2 秦2 江2 史2 顾2 侯2 邵2 孟2 龙2 万2 段2 雷2 钱2 汤2 尹2 黎2"
)
#: Read in more than one way (单 dan, shan, chan; 仇 chou, qiu ...), of two characters, or simply rare.
_RARE = (
    "单 仇 解 区 查 盖 翟 乐 朴 尉 召 宁 华 缪 折 谌 员 乜 燕 车 纪 曲 柏 种 覃 欧阳 司马 上官 诸葛 尉迟 "
    "万俟 长孙 慕容 司徒 东方 令狐 皇甫 关 佟 那 赫 富 索 图 叶赫那拉 爱新觉罗 褚 卫 尤 水 窦 章 云 葛 "
    "奚 鲁 韦 昌 苗 凤 花 俞 柳 鲍 费 廉 岑 滕 殷 毕 邬 安 常 时 皮 卞 齐 伍"
)


def surnames() -> dict[str, int]:
    """Each surname with its weight."""
    common = {entry.rstrip("0123456789"): entry for entry in _COMMON.split()}
    weights = {name: int(entry[len(name) :]) * 10 for name, entry in common.items()}
    return weights | dict.fromkeys(_RARE.split(), 6)


#: Characters of given names, the usual ones first: they are drawn by rank.
GIVEN = (
    "英华玉秀明丽文红春国建志海军平伟艳敏静强磊洋勇杰娟涛超霞刚桂兰芳燕玲辉鹏飞宇梅凤云琴萍荣莉晓小立永德新庆生成东林波峰浩宁雪"
    "佳慧欣婷倩颖琳璐妍蕾薇晶莹洁爽思雨梦涵子轩博文昊天一诺嘉怡俊豪泽瑞宏达振兴旺福祥瑶琪琦瑾瑜珊珂珍玥璇婉淑贤惠清淼溪源"
    "松柏枫桐梓楠森茂盛龙虎鹰翔宗耀祖光亮星辰曦晨旭昕晗昱景晟旻晖暄乐安康健良善义礼智信忠孝诚毅坚恒守正和顺丰裕彤单重曾解"
)
ETHNIC = ("买买提·艾力", "阿不都·热合曼", "古丽·阿依", "巴特尔·苏和", "扎西·多吉", "卓玛·央金", "其木格·娜仁")

EMPLOYER_FIRST = (
    "华盛鑫恒瑞泰安宏远达丰源顺和美佳信诚永兴隆昌盛世金银东方北辰海天蓝正大中联合众创新科汇通利民惠康宝利来福润泽德"
)
EMPLOYER_TRADE = (
    "商贸 机械制造 建筑工程 物业管理 食品 医药 电子科技 信息技术 物流 装饰装修 农业发展 餐饮管理 "
    "汽车销售 人力资源 能源 环保科技 文化传媒 教育咨询 会计服务 化工"
).split()
EMPLOYER_FORM = ("有限公司", "有限责任公司", "股份有限公司", "合作社", "事务所")
