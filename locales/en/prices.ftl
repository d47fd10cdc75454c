# What `doorstep import prices` says. One sentence a line; the same ids and values in every language.

prices-utf16 = The file is not UTF-8; it looks like UTF-16. Save it as “CSV UTF-8”.
prices-encoding = The file is not { $encoding }: line { $line } cannot be. Nothing was taken.
prices-no-encoding = The file is neither UTF-8 (line { $utf8 }) nor GBK (line { $gbk }). Nothing was taken.
prices-too-long = The file is larger than { $most } MB; that is no price list.
prices-unreadable = the file cannot be read: { $reason }
prices-no-firm = The organisation has not been founded.
prices-no-column = The file has no column { $absent }. It has: { $present }
prices-column-twice = The file has the column { $column } twice; give one of them another name.

prices-ragged = { $found } columns instead of { $expected }
prices-missing = column { $column } is empty
prices-formula = column { $column }: “{ $value }” looks like a formula of a spreadsheet
prices-nonsense = column { $column }: “{ $value }” is no price such as 1234.50
prices-zero = column { $column }: the price “{ $value }” is nothing
prices-negative = column { $column }: the price “{ $value }” is below nothing
prices-over-precise = column { $column }: “{ $value }” has fractions of the smallest coin
prices-too-large = column { $column }: the price “{ $value }” is too large
prices-currency = the currency is “{ $value }”, not { $expected }
prices-kind = column { $column }: “{ $value }” is neither labour nor material by the mapping
prices-tax-class = there is no tax class “{ $value }”
prices-day = column { $column }: “{ $value }” is no day as the mapping describes
prices-repeated = code { $code } stands in lines { $lines }; nobody can know which of them counts
prices-field = { $field }: { $reason }

prices-complete = The price list was imported: { $count } items stored.
prices-preview = This is what would change. Nothing was stored.
prices-preview-blocked = This is what would change, were it not for the refused rows. Nothing was stored.
prices-blocked = Nothing was stored, because rows were refused. Mend them, or take the others with --accept-rest.
prices-interrupted = The import was stopped. Run it again to go on; nothing is taken twice.
prices-broken = The import could not go on: { $reason }. What was stored stays; run it again to go on, nothing is taken twice.
prices-detected = Note: the file is in { $encoding }; nobody had said so.
prices-rows = { $count } rows read
prices-new = { $count } new
prices-changed = { $count } changed
prices-line-price = line { $line }: { $code } { $old } → { $new }
prices-line-particulars = line { $line }: { $code } other particulars
prices-more-changed = … and { $count } more
prices-unchanged = { $count } unchanged
prices-refused = { $count } refused
prices-line = line { $line }: { $reason }
prices-more-refused = … and { $count } more; --refused FILE writes all of them
prices-refused-written = Refused rows were written to { $file }
