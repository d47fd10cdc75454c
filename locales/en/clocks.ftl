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
clock-waited = stood still until { $until } by the customer's wish, { $who } consented at { $at }
clock-reset-normal = became normal at { $at }, then due { $due }
clock-reset-urgent = became urgent at { $at }, then due { $due }
clock-reset-emergency = became an emergency at { $at }, then due { $due }
clock-minutes = { $minutes } min
clock-hours = { $hours } h
clock-hours-minutes = { $hours } h { $minutes } min
