# What `doorstep import` says. One sentence a line; the same ids and values in every language.

import-ragged = { $found } columns instead of { $expected }
import-encoding = column { $column } is not UTF-8
import-nul = column { $column } contains a NUL character
import-missing = column { $column } is empty
import-time = column { $column }: “{ $value }” does not fit { $formats }
import-too-long = column { $column } is longer than { $most } characters
import-duplicate = id { $id } stands earlier in the file
import-too-many-kinds = this would make more than { $most } { $column }: is it the right column?
import-by-rule = { $reason }
import-field = { $field }: { $reason }

import-utf16 = The file is not UTF-8; it looks like UTF-16. Save it as “CSV UTF-8”.
import-no-column = The file has no column { $absent }. It has: { $present }
import-column-twice = The file has the column { $column } twice; give one of them another name.
import-row-too-long = a row longer than { $most } MB; most likely a quotation mark that is never closed
import-unreadable = the file cannot be read: { $reason }
import-stuck = line { $line }: { $reason }

import-complete = The import is complete.
import-interrupted = The import was stopped. Run it again to go on; nothing is taken twice.
import-broken = The import could not go on: { $reason }. What was taken stays; run it again to go on, nothing is taken twice.
import-rows = { $count } rows read
import-taken = { $count } taken
import-already-here = { $count } already here
import-refused = { $count } refused
import-duplicates = { $count } of them because their id stands earlier in the file
import-line = line { $line }: { $reason }
import-more-refused = … and { $count } more; --refused FILE writes all of them
import-made = New: { $types } order types, { $sites } sites
import-twice = Note: { $count } local times occurred twice, because summer time ended; the first of the two was taken. Lines: { $lines }
import-never = Note: { $count } local times never occurred, because summer time began; they were read as if the clock had not been put forward. Lines: { $lines }
import-unknown-verdicts = Note: { $count } rows state a verdict that the mapping does not know. Lines: { $lines }
import-deadlines = Deadlines of the { $count } orders from this source:
import-in-time = { $count } closed in time
import-late = { $count } closed late
import-unprovable = { $count } unprovable
import-open-past = { $count } open past the deadline
import-open-within = { $count } open within the deadline
import-dropped = { $count } cancelled, or closed without being settled
import-without = { $count } without a deadline
import-agreement = The file's own verdicts: { $agree } of { $compared } agree
import-disagreement = Lines that do not agree: { $lines }

import-progress = { $done } rows, { $percent } % of the file
import-stopping = Stopping after this chunk. Press Ctrl-C again to stop at once.
import-refused-written = Refused rows were written to { $file }
