# 只有 `doorstep import assets` 才有的输出。每句一行，各语言的编号与变量须一致。

assets-site-name = 项目名称超过 { $most } 个字符
assets-serial = 同类型、同厂家的另一台设备已使用序列号 { $serial }：{ $asset }
