//! What people say in a firm that never was: sorts of job, faults in both languages, what was done about them.

/// A sort of job: code, Chinese and English name, share of the orders in percent.
pub(super) const SORTS: [(&str, &str, &str, u32); 6] = [
    ("plumbing", "给排水", "Plumbing", 34),
    ("electrical", "电气", "Electrical", 24),
    ("lift", "电梯", "Lift", 16),
    ("door-lock", "门窗锁具", "Doors and locks", 12),
    ("heating", "供暖", "Heating", 8),
    ("public-area", "公共区域", "Public area", 6),
];

/// Faults of each sort of job, in the order of [`SORTS`].
pub(super) const FAULTS: [[&str; 6]; 6] = [
    [
        "厨房水槽下面漏水，柜子已经湿了",
        "Water drips from under the kitchen sink; the cupboard is wet",
        "卫生间地漏堵塞，下水很慢",
        "Toilet runs all night and cannot be stopped",
        "阳台水管爆裂，已关总阀",
        "Low pressure in the shower since this morning",
    ],
    [
        "客厅跳闸，合不上",
        "The fuse of the living room trips again and again",
        "楼道灯不亮，老人出入不便",
        "Socket beside the stove is burnt and smells",
        "配电箱有异响",
        "Doorbell and entry phone are dead",
    ],
    [
        "电梯停在七层，门打不开",
        "Lift stops between floors, nobody inside",
        "电梯运行有抖动和异响",
        "Buttons of the third floor do not light up",
        "轿厢照明不亮",
        "Door opens and closes without end",
    ],
    [
        "入户门锁芯卡住，钥匙转不动",
        "Window handle broke off, the window does not shut",
        "单元门闭门器漏油",
        "Sliding door of the balcony jumps off its rail",
        "信箱锁坏了",
        "Key broke inside the lock",
    ],
    [
        "暖气片不热，室温十五度",
        "Radiator in the bedroom stays cold",
        "地暖分水器渗水",
        "Boiler shows error E04 and goes out",
        "暖气有水流声",
        "Thermostat does not react",
    ],
    [
        "地下车库入口积水",
        "Bench in the courtyard is broken",
        "儿童滑梯扶手松动",
        "Bin shelter door hangs loose",
        "楼道墙皮脱落",
        "Fence by the east gate is bent",
    ],
];

/// What was done about it.
pub(super) const CLOSINGS: [&str; 6] = [
    "更换密封圈，试水正常",
    "Part replaced, tested, runs as it should",
    "清理后恢复正常，已向业主说明",
    "Tightened and adjusted; shown to the customer",
    "更换元件，试运行十次正常",
    "Temporary repair; part ordered and fitted the next day",
];

/// Family names.
pub(super) const NAMES: [&str; 12] =
    ["王", "李", "张", "刘", "陈", "杨", "Miller", "Baker", "Novak", "赵", "黄", "García"];

/// Sorts of asset: type, Chinese name, English name, meter and its unit.
pub(super) const ASSETS: [(&str, &str, &str, &str, &str); 4] = [
    ("lift", "电梯", "Lift", "hours", "h"),
    ("pump", "水泵", "Pump", "hours", "h"),
    ("boiler", "锅炉", "Boiler", "gas", "m³"),
    ("generator", "发电机", "Generator", "hours", "h"),
];

/// What is looked at on an equipment round: key, Chinese, English. The last four are readings and counters.
pub(super) const ITEMS: [(&str, &str, &str); 20] = [
    ("clean", "机房清洁", "Plant room is clean"),
    ("light", "照明正常", "Lighting works"),
    ("lock", "门锁完好", "Door and lock are sound"),
    ("sign", "标识齐全", "Signs are in place"),
    ("cert", "合格证在有效期内", "Certificate is valid and shown"),
    ("noise", "无异响", "No unusual noise"),
    ("vibration", "无异常振动", "No unusual vibration"),
    ("leak", "无跑冒滴漏", "No leaks"),
    ("oil", "油位正常", "Oil level"),
    ("belt", "皮带张紧", "Belts are tight"),
    ("wiring", "接线牢固", "Wiring is firm"),
    ("earth", "接地良好", "Earthing is sound"),
    ("alarm", "报警装置有效", "Alarm works"),
    ("intercom", "对讲正常", "Intercom works"),
    ("stop", "急停有效", "Emergency stop works"),
    ("guard", "防护罩完好", "Guards are in place"),
    ("temperature", "轴承温度", "Bearing temperature"),
    ("pressure", "出口压力", "Outlet pressure"),
    ("hours", "运行小时", "Hours run"),
    ("energy", "电表读数", "Energy meter"),
];

/// Classes of complaints: code, Chinese and English name.
pub(super) const CLASSES: [(&str, &str, &str); 5] = [
    ("quality", "维修质量", "Quality of repairs"),
    ("time", "维修不及时", "Too late"),
    ("manner", "服务态度", "Manner"),
    ("fee", "收费", "Fees"),
    ("noise", "施工扰民", "Noise of work"),
];

/// What is complained of, by class, in the order of [`CLASSES`].
pub(super) const COMPLAINTS: [[&str; 4]; 5] = [
    ["修了两次还是坏的", "Mended twice and broken again", "刚修好又漏水", "The repair held for one day"],
    ["报修三天没人来", "Nobody came for three days", "约好上午下午才到", "Waited the whole afternoon"],
    ["师傅说话很不客气", "The technician was rude", "进门不穿鞋套", "Left the floor dirty"],
    ["收费和报价不一样", "Charged more than was quoted", "没有签字就收费", "No receipt was given"],
    ["午休时间电钻响个不停", "Drilling during the rest hours", "周末一早就施工", "Hammering since seven on Sunday"],
];
