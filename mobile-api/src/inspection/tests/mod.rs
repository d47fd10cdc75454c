//! Forms and inspections, by their rules alone.
