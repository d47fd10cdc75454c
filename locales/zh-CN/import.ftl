# `doorstep import` 的输出。每句一行，各语言的编号与变量须一致。

import-ragged = 有 { $found } 列，应为 { $expected } 列
import-encoding = “{ $column }”列不是 UTF-8 编码
import-nul = “{ $column }”列含有 NUL 字符
import-missing = “{ $column }”列为空
import-time = “{ $column }”列的“{ $value }”不符合时间格式 { $formats }
import-too-long = “{ $column }”列超过 { $most } 个字符
import-duplicate = 编号 { $id } 在文件前面已出现过
import-too-many-kinds = 将新建超过 { $most } 个 { $column }，请检查是否选错了列
import-by-rule = { $reason }
import-field = { $field }：{ $reason }

import-utf16 = 文件不是 UTF-8 编码，像是 UTF-16，请另存为“CSV UTF-8”。
import-no-column = 文件中没有这些列：{ $absent }。现有的列：{ $present }
import-column-twice = 文件中“{ $column }”列出现了两次，请改掉其中一个列名。
import-row-too-long = 有一行超过 { $most } MB，多半是引号没有成对
import-unreadable = 文件无法读取：{ $reason }
import-stuck = 第 { $line } 行：{ $reason }

import-complete = 导入完成。
import-interrupted = 导入已中止。再次运行即可继续，不会重复导入。
import-broken = 导入无法继续：{ $reason }。已导入的保留不变；再次运行即可继续，不会重复导入。
import-rows = 读取 { $count } 行
import-taken = 导入 { $count } 行
import-already-here = 已存在 { $count } 行
import-refused = 拒绝 { $count } 行
import-duplicates = 其中 { $count } 行的编号在文件前面已出现过
import-line = 第 { $line } 行：{ $reason }
import-more-refused = ……另有 { $count } 行；用 --refused FILE 可全部写入文件
import-made = 新建工单类型 { $types } 个、小区 { $sites } 个
import-twice = 提示：有 { $count } 个当地时间因夏令时结束出现过两次，按第一次计。行号：{ $lines }
import-never = 提示：有 { $count } 个当地时间因夏令时开始并不存在，按时钟未拨快时计。行号：{ $lines }
import-unknown-verdicts = 提示：有 { $count } 行的时限结论不在映射文件之列。行号：{ $lines }
import-deadlines = 该来源共 { $count } 个工单，时限情况：
import-in-time = 按时关闭 { $count } 个
import-late = 逾期关闭 { $count } 个
import-unprovable = 无法证明 { $count } 个
import-open-past = 未关闭且已逾期 { $count } 个
import-open-within = 未关闭且未到期 { $count } 个
import-dropped = 已取消或未处理即关闭 { $count } 个
import-without = 没有时限 { $count } 个
import-agreement = 与文件自带结论相比：{ $compared } 个中有 { $agree } 个一致
import-disagreement = 不一致的行：{ $lines }

import-progress = 已处理 { $done } 行，文件的 { $percent } %
import-stopping = 处理完这一批后停止。再按一次 Ctrl-C 立即停止。
import-refused-written = 被拒绝的行已写入 { $file }
