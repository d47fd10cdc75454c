# 时限的结论，一句话：GET /v1/work-orders/{id}/clocks

clock-on_time = 及时：用时 { $used }，时限 { $allowed }
clock-late = 超时：用时 { $used }，时限 { $allowed }
clock-unprovable = 无法证明：用时 { $used }，时限 { $allowed }
clock-running = 计时中：已用 { $used }，时限 { $allowed }
clock-paused = 已暂停：已用 { $used }，时限 { $allowed }
clock-overdue = 已超时：已用 { $used }，时限 { $allowed }
clock-and = ；
clock-agreed = 约定改为 { $due }，{ $who }于 { $at } 同意
clock-extended = 需先现场查勘，延至 { $due }
clock-paused-for = 于 { $since } 暂停 { $long }（{ $reason }）
clock-paused-for-consent = 暂停 { $long }（{ $reason }），{ $who }于 { $since } 同意
clock-paused-since = 自 { $since } 起暂停（{ $reason }）
clock-paused-since-consent = 自 { $since } 起暂停（{ $reason }），{ $who }已同意
clock-waited = 应客户要求停至 { $until }，{ $who }于 { $at } 同意
clock-reset-normal = 于 { $at } 改为一般，时限改为 { $due }
clock-reset-urgent = 于 { $at } 改为紧急，时限改为 { $due }
clock-reset-emergency = 于 { $at } 改为特急，时限改为 { $due }
clock-minutes = { $minutes } 分钟
clock-hours = { $hours } 小时
clock-hours-minutes = { $hours } 小时 { $minutes } 分钟
