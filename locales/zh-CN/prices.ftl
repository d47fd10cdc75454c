# 只有 `doorstep import prices` 才有的输出。每句一行，各语言的编号与变量须一致。

prices-no-firm = 组织尚未建立。
prices-nonsense = “{ $column }”列的“{ $value }”不是价格，应如 1234.50
prices-zero = “{ $column }”列的价格“{ $value }”为零
prices-negative = “{ $column }”列的价格“{ $value }”为负数
prices-over-precise = “{ $column }”列的“{ $value }”小数位超过最小货币单位
prices-too-large = “{ $column }”列的价格“{ $value }”过大
prices-currency = 币种是“{ $value }”，应为 { $expected }
prices-kind = 按映射文件，“{ $column }”列的“{ $value }”既不是人工也不是材料
prices-tax-class = 没有税目“{ $value }”
