//! The day that `doorstep demo` plays.

use std::time::Duration;

use doorstep::{
    demo::{self, Narrator},
    language::Language,
};
use mobile_api::sync::VerdictStatus;

use crate::harness::House;

stories! {
    /// Everything that the technician recorded without signal has its verdict, what the office changed meanwhile is
    /// flagged and waits in reviews, and a day that was played is not played again.
    async fn the_demonstration_day_ends_as_it_is_told(house: House) {
        let state = house.state();
        let company = demo::build(&state.door, &state.access).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let narrator = Narrator::new(Language::Chinese, Duration::ZERO);
        let played = demo::play(&company, &narrator, &house.url(), folder.path()).await.unwrap();
        let played = played.expect("a new day");
        let count = |status| played.verdicts.iter().filter(|verdict| verdict.status == status).count();
        assert_eq!(count(VerdictStatus::Applied), 12);
        assert_eq!(count(VerdictStatus::AppliedFlagged), 6);
        assert_eq!(played.verdicts.len(), 18, "nothing was lost");
        assert_eq!(played.reviews, 6);
        let again = demo::play(&company, &narrator, &house.url(), folder.path()).await.unwrap();
        assert!(again.is_none());
    }
}
