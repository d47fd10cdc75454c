# 材料周报表格的表头。

material-report-week = 周次
material-report-code = 编码
material-report-name = 物料
material-report-technician = 维修工
material-report-team = 班组
material-report-site = 小区
material-report-quantity = 数量
material-report-unit = 单位
