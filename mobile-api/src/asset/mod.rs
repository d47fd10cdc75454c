//! Assets (设备): lifts, pumps, boilers… with a serial, a place, and papers that run out.
//!
//! An [`Asset`] says what a thing is and where it stands. What was done to it stands on the orders and inspections that name it,
//! and is put together from there: nobody types it twice.

mod expiring;
mod maintenance;
mod meter;
mod record;
mod save;
mod service;

pub use expiring::NoteExpiring;
pub use maintenance::{FaultCause, Job, MaintenanceRules, PartUsed, SetMaintenanceRules};
pub use meter::{AssetReading, LastReading, Meter, MeterKind, RecordReading, Series};
pub use record::{Asset, AssetCertificate, AssetDocument, Serves, Service, serial_key};
pub use save::AssetSave;
pub(crate) use service::retired;
pub use service::{InService, Retire, SetService};
