//! Forms from the trade's manuals, to be copied and made one's own. They come without sorts of order, which each firm has its own.

use std::sync::LazyLock;

use mobile_api::inspection::TemplateSave;

/// Every ready-made form, in the order in which they are offered.
///
/// # Panics
/// Never: a test reads and checks each of them.
pub static READY_MADE: LazyLock<Vec<TemplateSave>> = LazyLock::new(|| {
    let files = [
        include_str!("../../assets/templates/daily-patrol.json"),
        include_str!("../../assets/templates/empty-flat.json"),
        include_str!("../../assets/templates/renovation-site.json"),
        include_str!("../../assets/templates/hidden-work.json"),
        include_str!("../../assets/templates/mid-term-acceptance.json"),
        include_str!("../../assets/templates/final-acceptance.json"),
        include_str!("../../assets/templates/equipment-round.json"),
    ];
    files.into_iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
});

#[cfg(test)]
mod tests {
    use mobile_api::{check::Check, directory::Label, inspection::Ask, operation::Payload};

    use super::*;

    fn whole(label: &Label) {
        assert!(label.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "Chinese: {label:?}");
        assert!(label.en.chars().any(|c| c.is_ascii_alphabetic()), "English: {label:?}");
        assert!(!label.en.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "English: {label:?}");
    }

    #[test]
    fn every_ready_made_form_is_valid_and_whole_in_both_languages() {
        assert_eq!(READY_MADE.len(), 7);
        for form in READY_MADE.iter() {
            let mut check = Check::default();
            form.check(&mut check);
            assert_eq!(check.finish(), Ok(()), "{}", form.code);
            assert!(form.form.order_types().is_empty(), "{} comes without the sorts of order of any firm", form.code);
            whole(&form.name);
            for section in &form.form.sections {
                whole(&section.name);
                for item in &section.items {
                    whole(&item.text);
                    if let Ask::Choice { options } = &item.ask {
                        options.iter().for_each(|option| whole(&option.name));
                    }
                }
            }
        }
    }
}
