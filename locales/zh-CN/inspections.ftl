# 巡检报表的表头。

round-report-name = 巡检路线
round-report-turns = 应巡次数
round-report-on_time = 按时
round-report-late = 迟巡
round-report-missed = 漏巡
round-report-open = 未到期
round-report-void = 作废
round-report-failed = 未通过
round-report-points = 点位数
round-report-late_points = 迟到点位
round-report-missed_points = 漏检点位
