# `doorstep import prices` 的输出。每句一行，各语言的编号与变量须一致。

prices-utf16 = 文件不是 UTF-8 编码，像是 UTF-16，请另存为“CSV UTF-8”。
prices-encoding = 文件不是 { $encoding } 编码：第 { $line } 行不符。未导入任何内容。
prices-no-encoding = 文件既不是 UTF-8（第 { $utf8 } 行）也不是 GBK（第 { $gbk } 行）编码。未导入任何内容。
prices-too-long = 文件超过 { $most } MB，不像是价目表。
prices-unreadable = 文件无法读取：{ $reason }
prices-no-firm = 组织尚未建立。
prices-no-column = 文件中没有这些列：{ $absent }。现有的列：{ $present }
prices-column-twice = 文件中“{ $column }”列出现了两次，请改掉其中一个列名。

prices-ragged = 有 { $found } 列，应为 { $expected } 列
prices-missing = “{ $column }”列为空
prices-formula = “{ $column }”列的“{ $value }”像是电子表格公式
prices-nonsense = “{ $column }”列的“{ $value }”不是价格，应如 1234.50
prices-zero = “{ $column }”列的价格“{ $value }”为零
prices-negative = “{ $column }”列的价格“{ $value }”为负数
prices-over-precise = “{ $column }”列的“{ $value }”小数位超过最小货币单位
prices-too-large = “{ $column }”列的价格“{ $value }”过大
prices-currency = 币种是“{ $value }”，应为 { $expected }
prices-kind = 按映射文件，“{ $column }”列的“{ $value }”既不是人工也不是材料
prices-tax-class = 没有税目“{ $value }”
prices-day = “{ $column }”列的“{ $value }”不符合映射文件规定的日期格式
prices-repeated = 编码 { $code } 同时出现在第 { $lines } 行，无法判断以哪一行为准
prices-field = { $field }：{ $reason }

prices-complete = 收费标准导入完成，已保存 { $count } 项。
prices-preview = 以下是将会发生的变化，尚未保存。
prices-preview-blocked = 若没有被拒绝的行，将会发生以下变化。尚未保存。
prices-blocked = 因有行被拒绝，未保存任何内容。请修正后重试，或用 --accept-rest 导入其余各行。
prices-interrupted = 导入已中止。再次运行即可继续，不会重复导入。
prices-broken = 导入无法继续：{ $reason }。已保存的保留不变；再次运行即可继续，不会重复导入。
prices-detected = 提示：文件为 { $encoding } 编码，系自动识别。
prices-rows = 读取 { $count } 行
prices-new = 新增 { $count } 项
prices-changed = 变更 { $count } 项
prices-line-price = 第 { $line } 行：{ $code } { $old } → { $new }
prices-line-particulars = 第 { $line } 行：{ $code } 其他内容变更
prices-more-changed = ……另有 { $count } 项
prices-unchanged = 未变 { $count } 项
prices-refused = 拒绝 { $count } 行
prices-line = 第 { $line } 行：{ $reason }
prices-more-refused = ……另有 { $count } 行；用 --refused FILE 可全部写入文件
prices-refused-written = 被拒绝的行已写入 { $file }
