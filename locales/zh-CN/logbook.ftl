# 设备维保记录表。

logbook-at = 时间
logbook-what = 类别
logbook-number = 工单
logbook-fault = 故障
logbook-findings = 检查结果
logbook-cause = 主要原因
logbook-parts = 更换零件
logbook-minutes = 工时（分钟）
logbook-people = 人员
logbook-result = 试运行结果
logbook-again = 重复
logbook-value = 读数
logbook-job = 维修
logbook-reading = 抄表
logbook-inspection = 巡检
logbook-shutdown = 停用作业
logbook-beyond = 超出限值
logbook-normal = 运行正常
logbook-restricted = 带限制运行
logbook-not-running = 不能运行
logbook-rework = 返修
logbook-repeat = 重复故障

label-title = 设备标签
label-code = 编号 { $value }
label-serial = 序列号 { $value }
