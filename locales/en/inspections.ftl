# The report of rounds as a table: what stands above the columns.

round-report-name = Round
round-report-turns = Turns
round-report-on_time = On time
round-report-late = Late
round-report-missed = Missed
round-report-open = Open
round-report-void = Void
round-report-failed = Not passed
round-report-points = Points
round-report-late_points = Points late
round-report-missed_points = Points missed
