# What only `doorstep import prices` says. One sentence a line; the same ids and values in every language.

prices-no-firm = The organisation has not been founded.
prices-nonsense = column { $column }: “{ $value }” is no price such as 1234.50
prices-zero = column { $column }: the price “{ $value }” is nothing
prices-negative = column { $column }: the price “{ $value }” is below nothing
prices-over-precise = column { $column }: “{ $value }” has fractions of the smallest coin
prices-too-large = column { $column }: the price “{ $value }” is too large
prices-currency = the currency is “{ $value }”, not { $expected }
prices-kind = column { $column }: “{ $value }” is neither labour nor material by the mapping
prices-tax-class = there is no tax class “{ $value }”
prices-class = a class of customers has at most { $most } characters
prices-no-site = there is no site called “{ $value }”
prices-nobody-else = “{ $code }” has no price for everybody: add a row without site and class
prices-other-goods = “{ $code }” has another unit, kind or tax class today: give what differs a code of its own
