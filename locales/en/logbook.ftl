# The logbook of an asset as a table.

logbook-at = When
logbook-what = What
logbook-number = Order
logbook-fault = Fault
logbook-findings = Findings
logbook-cause = Main cause
logbook-parts = Parts
logbook-minutes = Minutes
logbook-people = Who
logbook-result = After running
logbook-again = Again
logbook-value = Reading
logbook-job = Job
logbook-reading = Reading
logbook-inspection = Inspection
logbook-shutdown = Shutdown
logbook-beyond = beyond its limits
logbook-normal = runs well
logbook-restricted = runs with restrictions
logbook-not-running = does not run
logbook-rework = rework
logbook-repeat = repeat fault

label-title = Asset labels
label-code = No. { $value }
label-serial = Serial { $value }
