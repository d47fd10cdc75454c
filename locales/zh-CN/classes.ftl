# 仅用于 `doorstep import complaint-classes` 的语句。每行一句；各语言的编号和取值相同。

classes-repeated = { $path } 出现在多行：{ $lines }
classes-circle = 分类隶属于自身：{ $path }
classes-no-parent = 文件和系统中都没有分类 { $parent }
