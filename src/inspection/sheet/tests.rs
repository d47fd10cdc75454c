#[test]
fn both_languages_say_the_same_and_everything_that_is_said_is_there() {
    let sources = [include_str!("mod.rs"), include_str!("answers.rs")];
    let texts =
        [include_str!("../../../locales/en/inspection.ftl"), include_str!("../../../locales/zh-CN/inspection.ftl")];
    crate::import::said_in_both("inspection-", &sources, texts);
}
