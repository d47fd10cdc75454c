# What became of a deadline, in a sentence: GET /v1/work-orders/{id}/clocks

clock-on_time = on time: { $used } of { $allowed }
clock-late = late: { $used } of { $allowed }
clock-unprovable = cannot be proved: { $used } of { $allowed }
clock-running = running: { $used } of { $allowed }
clock-paused = paused: { $used } of { $allowed }
clock-overdue = overdue: { $used } of { $allowed }
clock-and = {"; "}
clock-agreed = { $due } was agreed, { $who } consented at { $at }
clock-extended = allowed until { $due }, somebody had to go and see first
clock-paused-for = paused { $long } ({ $reason }) at { $since }
clock-paused-for-consent = paused { $long } ({ $reason }), { $who } consented at { $since }
clock-paused-since = paused since { $since } ({ $reason })
clock-paused-since-consent = paused since { $since } ({ $reason }), { $who } consented
clock-minutes = { $minutes } min
clock-hours = { $hours } h
clock-hours-minutes = { $hours } h { $minutes } min
