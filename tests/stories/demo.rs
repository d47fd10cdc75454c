//! The demonstration company.

use doorstep::{
    access::{Access, AccessConfig, PasswordConfig, find_credential, password::Verified},
    clock::Clock,
    demo::company,
    events::Pokes,
    operations::{self, Door, Holds},
};

use mobile_api::{Actor, Kind, Ref};

use crate::harness::TestDb;

async fn doors(db: &TestDb) -> (Door, Access) {
    let clock = Clock::system();
    let config = AccessConfig { password: PasswordConfig::cheap(), ..AccessConfig::default() };
    let access = Access::new((**db).clone(), clock.clone(), config).unwrap();
    (Door::new((**db).clone(), clock, Pokes::default(), Holds::default()), access)
}

stories! {
    /// It is founded once, and building it again changes nothing.
    async fn the_demonstration_company_is_built_once(db: TestDb) {
        let (door, access) = doors(&db).await;
        let built = company::build(&door, &access).await.unwrap();
        let org = built.org;
        let version = db.read(move |conn| operations::store::version(conn, org)).await.unwrap();
        let again = company::build(&door, &access).await.unwrap();
        assert_eq!(format!("{built:?}"), format!("{again:?}"));
        assert_eq!(db.read(move |conn| operations::store::version(conn, org)).await.unwrap(), version);

        assert_eq!(built.prices.len(), 40);
        assert_eq!(built.today.len(), 10);
        assert_eq!(built.history.len(), 120);
        let orders = built.today.iter().map(|job| job.order).chain(built.history.iter().copied());
        for order in orders {
            let (actor, about) = (Actor::system(org), Ref::new(Kind::WorkOrder, order));
            let found = db.read(move |conn| operations::reading::visible(conn, &actor, about)).await.unwrap();
            assert!(found.is_some(), "{order}");
        }
        for person in built.people() {
            let login = person.login.clone();
            let credential = db.read(move |conn| find_credential(conn, &login)).await.unwrap().unwrap();
            assert_eq!(credential.user, person.id.uuid());
            let verified = access.passwords().verify(company::PASSWORD.into(), Some(credential.password_hash)).await;
            assert!(matches!(verified.unwrap(), Verified::Yes), "{}", person.login);
        }
    }
}
