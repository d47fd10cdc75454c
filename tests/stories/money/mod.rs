//! Money: price lists from files, on phones, and the cash at the end of the day.

mod cash;
mod import;
mod on_phones;
