//! One repair, end to end.

use std::time::Duration;

use mobile_api::{
    directory::PriceKind,
    money::{Currency, Money, Quantity},
    signing::{Point, Stroke, digest},
    work_order::{
        ConfirmationMethod, Status, WorkOrder,
        confirm::ConfirmQuote,
        dispatch::{Accept, Close},
        quote::{MakeQuote, NewLine},
        sign_off::Sign,
        visit::{Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial},
    },
};
use uuid::Uuid;

use crate::harness::{Handset, House};

/// An hour and a half of plumbing at the list's price.
pub fn quote(house: &House) -> MakeQuote {
    let line = NewLine {
        item: Some(house.firm.hour),
        name: "Plumber, one hour".into(),
        kind: PriceKind::Labour,
        quantity_milli: Quantity(1500),
        unit: "h".into(),
        unit_price: Money { minor: 8000, currency: Currency::CNY },
        discount: 0,
        tax_rate: None,
    };
    MakeQuote { lines: vec![line], note: None }
}

/// Mrs Chen's word on a quote.
pub fn confirmed(quote: Uuid) -> ConfirmQuote {
    ConfirmQuote { quote, name: "Mrs Chen".into(), method: ConfirmationMethod::Verbal { witness: "Mr Gu".into() } }
}

/// A name, as drawn.
pub fn strokes() -> Vec<Stroke> {
    let points = (0..40).map(|i| Point {
        x: f64::from(i) * 3.0,
        y: 40.0 + f64::from(i % 7) * 2.0,
        time: f64::from(i) * 16.0,
        pressure: None,
    });
    vec![Stroke { points: points.collect() }]
}

/// Mrs Chen signs for what the phone shows.
pub fn signature(phone: &Handset, order: &WorkOrder, signer: &str) -> Sign {
    let (identity, _) = phone.identity().unwrap();
    let technician = identity.unwrap().user;
    let content = order.content_to_sign("WANG", technician, signer);
    let digest = digest(&content).unwrap();
    Sign { content, digest, relation: "owner".into(), opinion: Some("Good".into()), strokes: strokes() }
}

stories! {
    /// Called in, dispatched, recorded without signal, signed, reconciled, closed: and charged what was signed.
    async fn a_repair_from_the_call_to_the_closed_file(house: House) {
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let phone = house.phone_of("wang").await;
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(shown.number.as_deref(), Some("2026-000001"));

        // Down in the basement.
        phone.did(order, Accept {});
        house.pass(Duration::from_secs(12 * 60), &[&phone]);
        phone.did(order, Arrive {});
        let findings = Diagnose { findings: "Trap seal worn".into(), cause: None, explained: None };
        phone.did(order, findings);
        let offer = phone.did(order, quote(&house));
        phone.did(order, confirmed(offer));
        phone.did(order, Start {});
        house.pass(Duration::from_secs(30 * 60), &[&phone]);
        let seal = UseMaterial { item: None, name: "Trap seal".into(), quantity_milli: Quantity(1000), unit: "pc".into(), stock: None };
        let from = phone.clock.truth() - Duration::from_secs(30 * 60);
        let labour = RecordLabour { from, until: phone.clock.truth(), note: None };
        phone.did_together(order, vec![seal.into(), labour.into(), Finish { summary: None }.into()]);
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(shown.status(), Status::Finished, "the phone shows what was done before the server knows");
        phone.did(order, signature(&phone, &shown, "Mrs Chen"));
        assert_eq!(phone.unsent_count().unwrap(), 10);

        let report = phone.sync().await;
        for verdict in &report.verdicts {
            assert_eq!(verdict.status.as_str(), "applied", "{verdict:?}");
        }
        assert_eq!(phone.unsent_count().unwrap(), 0);

        let li = house.li().await;
        li.perform(order, Close { without_signature: None, without_photos: None }).await.applied();
        phone.sync().await;
        let shown: WorkOrder = phone.get(order).unwrap().unwrap();
        assert_eq!(shown.status(), Status::Closed);
        assert_eq!(shown.charge.unwrap().amount, Money { minor: 12000, currency: Currency::CNY });
        assert!(shown.sign_offs[0].differs.is_empty(), "the signature covers what the server holds");
        assert_eq!(shown.clocks.arrive.unwrap().verdict.unwrap().as_str(), "on_time");
    }
}
