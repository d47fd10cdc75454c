# What `doorstep seed` says.
seed-firm = 地点与人员
seed-assets = 设备
seed-orders = 工单
seed-inspections = 巡检
seed-complaints = 投诉
seed-assignments = 派工
seed-progress = { $what }：{ $done }，{ $percent } %
seed-stopping = 完成当前一批后停止；再按一次立即停止。无论哪种方式，下次运行都会从这里继续。
seed-stopped = 已停止。再次运行本命令即可继续。
seed-made = 组织 `{ $slug }` 有 { $orders } 张工单、{ $inspections } 次巡检、{ $complaints } 件投诉、{ $assets } 台设备和 { $technicians } 名技师。
