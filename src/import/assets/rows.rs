//! Rows of a register, read by the mapping: each becomes an asset to be saved, or a reason why it cannot.

use csv::StringRecord;
use mobile_api::{
    asset::{AssetCertificate, AssetSave, Serves},
    ids::SiteId,
    work_order::Source,
};

use super::{AssetMapping, mapping::Named};
use crate::import::table::cells::{self, Cells, Layout, Table};
use crate::language::Language;

/// Longest name of a site, as the rules have it.
const LONGEST_SITE: usize = 200;

/// An asset and the name of its site, whose id is not known while the file is read.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) save: AssetSave,
    pub(super) site: String,
}

/// Reads the table. Answers a sentence for a person if the file is not what the mapping describes.
pub(super) fn read(text: &str, mapping: &AssetMapping, words: Language) -> Result<Table<Found>, String> {
    let layout = Layout {
        delimiter: mapping.delimiter(),
        empty: &mapping.empty,
        date_formats: &mapping.date_formats,
        named: mapping.named_columns(),
        unique: mapping.unique(),
    };
    cells::read(text, layout, words, |cells, record| Reading { mapping, cells, record }.asset())
}

/// One row.
struct Reading<'r, 'm> {
    mapping: &'m AssetMapping,
    cells: &'r Cells<'m>,
    record: &'r StringRecord,
}

impl Reading<'_, '_> {
    fn asset(&self) -> Result<Found, String> {
        let columns = &self.mapping.columns;
        let id = self.cells.text(self.record, &columns.id)?.to_owned();
        let text = |column: &Option<String>| -> Result<Option<String>, String> {
            Ok(self.cells.optional(self.record, column.as_deref())?.map(Into::into))
        };
        let day = |column: &Option<String>| self.cells.day(self.record, column.as_deref());
        let number = text(&columns.certificate_number)?;
        let certificate =
            day(&columns.certificate_expires_on)?.map(|expires_on| AssetCertificate { number, expires_on });
        let name = self.joined(&columns.name, " ")?;
        if name.is_empty() {
            return Err(self.cells.missing(&columns.name[0]));
        }
        let save = AssetSave {
            name,
            asset_type: self.named(&self.mapping.asset_type)?,
            code: text(&columns.code)?,
            serial: text(&columns.serial)?,
            // Found by its name before it is stored.
            site: SiteId::new(uuid::Uuid::nil()),
            building: None,
            unit: None,
            place: self.joined(&columns.place, ", ")?,
            serves: Serves::default(),
            parent: None,
            maker: text(&columns.maker)?,
            model: text(&columns.model)?,
            installed_on: day(&columns.installed_on)?,
            warranty_until: day(&columns.warranty_until)?,
            certificate,
            documents: Vec::new(),
            meters: Vec::new(),
            source: Some(Source { system: self.mapping.source.clone(), id }),
        };
        Ok(Found { site: self.site()?, save: self.checked(save)? })
    }

    fn joined(&self, columns: &[String], by: &str) -> Result<String, String> {
        let values = columns.iter().map(|column| self.cells.optional(self.record, Some(column)));
        let values: Vec<&str> = values.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(values.join(by))
    }

    fn named(&self, named: &Named) -> Result<String, String> {
        let Some(column) = &named.column else { return Ok(named.name.clone().unwrap_or_default()) };
        match (self.cells.optional(self.record, Some(column))?, &named.missing) {
            (Some(value), _) => Ok(value.to_owned()),
            (None, Some(missing)) => Ok(missing.clone()),
            (None, None) => Err(self.cells.missing(column)),
        }
    }

    fn site(&self) -> Result<String, String> {
        let name = self.named(&self.mapping.site)?;
        if name.chars().count() > LONGEST_SITE || name.contains('\0') {
            return Err(self.cells.words.say("assets-site-name", &[("most", LONGEST_SITE.to_string())]));
        }
        Ok(name)
    }

    fn checked(&self, save: AssetSave) -> Result<AssetSave, String> {
        let columns = &self.mapping.columns;
        self.cells.checked(save, |pointer| match pointer {
            "/name" => columns.name.first().cloned(),
            "/place" => columns.place.first().cloned(),
            "/asset_type" => self.mapping.asset_type.column.clone(),
            "/code" => columns.code.clone(),
            "/serial" => columns.serial.clone(),
            "/maker" => columns.maker.clone(),
            "/model" => columns.model.clone(),
            "/installed_on" => columns.installed_on.clone(),
            "/warranty_until" => columns.warranty_until.clone(),
            "/certificate/number" => columns.certificate_number.clone(),
            "/certificate/expires_on" => columns.certificate_expires_on.clone(),
            "/source/id" => Some(columns.id.clone()),
            _ => None,
        })
    }
}
