# The weekly report of material as a table: what stands above the columns.

material-report-week = Week
material-report-code = Code
material-report-name = Article
material-report-technician = Technician
material-report-team = Team
material-report-site = Site
material-report-quantity = Quantity
material-report-unit = Unit
