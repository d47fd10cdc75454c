# 维修工的日历，显示在日历应用中。
calendar-name = { $name } – { $firm }
calendar-inspection = 巡检：{ $name }
calendar-points = 点位数：{ $count }
calendar-return-visit = 回访 { $number }
calendar-by = { $time } 前：{ $what }
calendar-shutdown = 停运作业：{ $stops }
