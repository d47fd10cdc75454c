//! Signing in, refreshing, signing out, changing one's password: the parts put together.
//!
//! Hashing happens between two doors, never inside one. So everything that was read before it is confirmed again in the
//! write after it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Access, AccessError, TokenConfig,
    account::{Account, DeviceStanding},
    password::Verified,
    session::{self, Circumstances, RefreshSecret, RefreshToken, Ruling, Session},
    store::{self, Credential},
    throttle::{self, Subject},
    token::{self, Claims},
};
use crate::db::Conn;

/// Where a sign-in comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// The client's address, as far as it is known.
    pub address: Option<IpAddr>,
    /// The device that names itself.
    pub device: Option<Uuid>,
}

/// What a client holds after signing in or refreshing.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access: String,
    /// For the next refresh; only once.
    pub refresh: String,
    /// The account.
    pub account: Account,
    /// The sign-in.
    pub session: Session,
    /// The server's clock.
    pub now: DateTime<Utc>,
}

impl Access {
    /// Signs in with login and password.
    ///
    /// # Errors
    /// `WrongCredentials`, also for logins that do not exist and such that cannot; `TooManyAttempts`; and only after the
    /// right password: `AccountDisabled`, `DeviceRevoked`, `DeviceNotYours`. `Busy`; the database's.
    pub async fn sign_in(&self, login: &str, password: String, origin: Origin) -> Result<Tokens, AccessError> {
        // A login that cannot be one is looked up as one that nobody has: same work, same answer, same counting.
        let login = store::normal_login(login).unwrap_or_else(|_| format!("\u{1}{}", login.len()));
        let (subjects, credential) = self.admit_attempt(&login, origin.address).await?;
        let new_hash = self.verify(password, credential.as_ref(), &subjects).await?;
        let (Some(credential), Some(new_hash)) = (credential, new_hash) else {
            return Err(AccessError::WrongCredentials);
        };
        let (clock, config) = (&self.0.clock, self.0.config.token.clone());
        let (now, secret) = (clock.now(), RefreshSecret::new(clock.secret()));
        let session =
            Session { org: credential.org, user: credential.user, device: origin.device, family: clock.new_id() };
        let first = new_token(session.clone(), secret.digest(), None, now, &config);
        let account = self
            .0
            .db
            .write(move |conn| {
                store::confirm_hash(conn, credential.user, &credential.password_hash, &new_hash)?;
                forgive(conn, &subjects)?;
                begin_session(conn, &first, now)
            })
            .await?;
        self.forget_user(session.user);
        self.tokens(session, account, secret, now).await
    }

    /// Exchanges a refresh token for new tokens; the rules are those of [`session`].
    ///
    /// # Errors
    /// `RefreshInvalid`; `RefreshReused`, after which the family is revoked; `AccountDisabled`, `DeviceRevoked`,
    /// `DeviceNotYours`; the database's.
    pub async fn refresh(&self, presented: &str, device: Option<Uuid>) -> Result<Tokens, AccessError> {
        let (clock, config) = (&self.0.clock, self.0.config.token.clone());
        let (now, secret) = (clock.now(), RefreshSecret::new(clock.secret()));
        let (presented, fresh) = (session::digest(presented), secret.digest());
        let outcome =
            self.0.db.write(move |conn| exchange(conn, &presented, device, fresh.clone(), now, &config)).await?;
        match outcome {
            Exchange::Issued(session, account) => self.tokens(session, account, secret, now).await,
            Exchange::Reused(session) => {
                tracing::warn!(
                    user = %session.user,
                    device = session.device.map(tracing::field::display),
                    family = %session.family,
                    "an old refresh token came back; its sign-in {} is ended", session.family
                );
                self.forget_user(session.user);
                Err(AccessError::RefreshReused)
            }
        }
    }

    /// Ends a sign-in: its refresh tokens at once, its access token with them.
    ///
    /// # Errors
    /// The database's.
    pub async fn sign_out(&self, session: &Session) -> Result<(), AccessError> {
        let (family, now) = (session.family, self.0.clock.now());
        self.0.db.write(move |conn| store::revoke_family(conn, family, now)).await?;
        self.forget_user(session.user);
        Ok(())
    }

    /// Changes one's own password and ends one's other sign-ins.
    ///
    /// # Errors
    /// `WrongCredentials` for a wrong current password, `TooManyAttempts`, `PasswordTooShort`, `PasswordTooLong`, `Busy`;
    /// the database's.
    pub async fn change_password(
        &self,
        session: &Session,
        current: String,
        new: String,
        address: Option<IpAddr>,
    ) -> Result<(), AccessError> {
        self.0.passwords.check_new(&new)?;
        let (user, keep) = (session.user, session.family);
        let own = self.0.db.read(move |conn| store::credential_of(conn, user)).await?;
        let own = own.ok_or(AccessError::WrongCredentials)?;
        let (subjects, credential) = self.admit_attempt(&own.login, address).await?;
        let credential = credential.filter(|found| found.user == user).ok_or(AccessError::WrongCredentials)?;
        self.verify(current, Some(&credential), &subjects).await?.ok_or(AccessError::WrongCredentials)?;
        let hash = self.0.passwords.hash_new(new).await?;
        let now = self.0.clock.now();
        self.0
            .db
            .write(move |conn| {
                store::confirm_hash(conn, user, &credential.password_hash, &hash)?;
                store::set_password(conn, credential.org, user, &credential.login, &hash, now)?;
                forgive(conn, &subjects)?;
                store::revoke_other_sessions(conn, user, keep, now)
            })
            .await?;
        self.forget_user(user);
        Ok(())
    }

    /// Gives an account another password on somebody else's authority, ends all its sign-ins, and forgets its failed
    /// ones. Also mends an account that has no password yet. Answers how many tokens that ended.
    ///
    /// # Errors
    /// `PasswordTooShort`, `PasswordTooLong`, `LoginUnusable`, `LoginTaken`, `Busy`; the database's.
    pub async fn reset_password(
        &self,
        org: Uuid,
        user: Uuid,
        login: String,
        new: String,
    ) -> Result<usize, AccessError> {
        let hash = self.0.passwords.hash_new(new).await?;
        let (now, config) = (self.0.clock.now(), self.0.config.throttle.clone());
        let reset = move |conn: &mut Conn| {
            store::set_password(conn, org, user, &login, &hash, now)?;
            let subject = Subject::login(&store::normal_login(&login)?, &config);
            throttle::forgive(conn, &subject, None)?;
            store::revoke_user_sessions(conn, user, now)
        };
        let ended = self.0.db.write(reset).await?;
        self.forget_user(user);
        Ok(ended)
    }

    /// Counts the attempt, unless login or address is blocked, and finds the credential.
    async fn admit_attempt(
        &self,
        login: &str,
        address: Option<IpAddr>,
    ) -> Result<(Vec<Subject>, Option<Credential>), AccessError> {
        let (config, now) = (self.0.config.throttle.clone(), self.0.clock.now());
        // The login first, in every transaction: a fixed order is what keeps them from waiting for each other in a circle.
        let mut subjects = vec![Subject::login(login, &config)];
        subjects.extend(address.map(|address| Subject::address(address, &config)));
        let (login, counted) = (login.to_owned(), subjects.clone());
        let find = move |conn: &mut Conn| {
            throttle::count_attempt(conn, &counted, now, &config)?;
            // Nobody's login begins with a control character; PostgreSQL must not even be asked about a NUL.
            store::find_credential(conn, &login)
        };
        Ok((subjects, self.0.db.write(find).await?))
    }

    /// The hash to store if the password is right, which is most often the stored one; `None` if it is wrong.
    async fn verify(
        &self,
        password: String,
        credential: Option<&Credential>,
        subjects: &[Subject],
    ) -> Result<Option<String>, AccessError> {
        let stored = credential.map(|credential| credential.password_hash.clone());
        match self.0.passwords.verify(password, stored.clone()).await {
            Ok(Verified::No) => Ok(None),
            Ok(Verified::Yes) => Ok(stored),
            Ok(Verified::YesRehashed(new)) => Ok(Some(new)),
            Err(error) => {
                // Nobody looked at the password, so it was no failure of whoever sent it.
                let counted = subjects.to_vec();
                self.0.db.write(move |conn| throttle::take_back(conn, &counted)).await?;
                Err(error)
            }
        }
    }

    async fn tokens(
        &self,
        session: Session,
        account: Account,
        secret: RefreshSecret,
        now: DateTime<Utc>,
    ) -> Result<Tokens, AccessError> {
        let ring = self.0.keys.ring_for_signing().await?;
        let access = token::sign(&Claims::new(&session, now, self.0.config.token.access_lifetime), &ring)?;
        Ok(Tokens { access, refresh: secret.into_text(), account, session, now })
    }
}

fn forgive(conn: &mut Conn, subjects: &[Subject]) -> Result<(), AccessError> {
    match subjects {
        [login, rest @ ..] => throttle::forgive(conn, login, rest.first()),
        [] => Ok(()),
    }
}

fn new_token(
    session: Session,
    digest: Vec<u8>,
    follows: Option<Vec<u8>>,
    now: DateTime<Utc>,
    config: &TokenConfig,
) -> RefreshToken {
    let expires_at = now + config.refresh_lifetime;
    RefreshToken { digest, session, follows, issued_at: now, expires_at, used_at: None, revoked_at: None }
}

/// Stores the first token of a new family, in place of earlier sign-ins of this account on this device.
fn begin_session(conn: &mut Conn, first: &RefreshToken, now: DateTime<Utc>) -> Result<Account, AccessError> {
    let Session { org, user, device, .. } = first.session;
    let account = store::load_account(conn, user)?.filter(|account| account.active);
    let account = account.ok_or(AccessError::AccountDisabled)?;
    if let Some(device) = device {
        match store::device_standing(conn, org, user, device)? {
            DeviceStanding::Revoked => return Err(AccessError::DeviceRevoked),
            DeviceStanding::OfAnother => return Err(AccessError::DeviceNotYours),
            DeviceStanding::Unknown | DeviceStanding::Registered => {}
        }
        store::revoke_sessions_on(conn, user, device, now)?;
    }
    store::insert_token(conn, first)?;
    Ok(account)
}

enum Exchange {
    Issued(Session, Account),
    /// Not an error in here: the revocation must be committed.
    Reused(Session),
}

fn exchange(
    conn: &mut Conn,
    presented: &[u8],
    device: Option<Uuid>,
    fresh: Vec<u8>,
    now: DateTime<Utc>,
    config: &TokenConfig,
) -> Result<Exchange, AccessError> {
    let token = store::find_token(conn, presented)?.ok_or(AccessError::RefreshInvalid)?;
    if !token.session.is_on(device) {
        return Err(AccessError::RefreshInvalid);
    }
    let around = Circumstances {
        successor: store::find_successor(conn, &token)?,
        family_lives: store::family_lives(conn, token.session.family)?,
        now,
        grace: config.repeat_grace,
    };
    let ruling = session::judge(&token, &around);
    if ruling == Ruling::Reused {
        store::revoke_family(conn, token.session.family, now)?;
        return Ok(Exchange::Reused(token.session));
    }
    tell_the_owner(conn, &token.session)?;
    match ruling {
        Ruling::Rotate => store::use_token(conn, &token.digest, now)?,
        Ruling::Repeat { lost } => store::revoke_lost(conn, &lost, now)?,
        Ruling::Reused | Ruling::Expired | Ruling::Invalid => return Err(AccessError::RefreshInvalid),
    }
    let account = store::load_account(conn, token.session.user)?.ok_or(AccessError::AccountDisabled)?;
    let session = token.session;
    store::insert_token(conn, &new_token(session.clone(), fresh, Some(token.digest), now, config))?;
    Ok(Exchange::Issued(session, account))
}

/// Answers a disabled account or a revoked device by name, though its tokens are revoked too: "sign in again" would send a
/// technician in circles.
fn tell_the_owner(conn: &mut Conn, session: &Session) -> Result<(), AccessError> {
    let standing = store::standing(conn, session)?;
    match standing.admit(session) {
        // Whether the session lives is for the ruling to say.
        Ok(_) | Err(AccessError::TokenInvalid) => Ok(()),
        Err(error) => Err(error),
    }
}
