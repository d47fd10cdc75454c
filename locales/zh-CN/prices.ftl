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
prices-class = 客户类别最多 { $most } 个字符
prices-no-site = 没有名为“{ $value }”的小区
prices-nobody-else = “{ $code }”没有通用价格：请加一行不带小区和客户类别的价格
prices-other-goods = “{ $code }”目前的单位、类型或税目不同：请另设编码
