# A technician's calendar, as their calendar app shows it.
calendar-name = { $name } – { $firm }
calendar-inspection = Inspection: { $name }
calendar-points = Points to go past: { $count }
calendar-return-visit = Return visit { $number }
calendar-by = By { $time }: { $what }
calendar-shutdown = Shutdown: { $stops }
