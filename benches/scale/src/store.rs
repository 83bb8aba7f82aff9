//! What the traffic asks of a store.

use oob_mfa::{Account, Denied, MfaSession, Transition};

pub trait Store: Sync {
    /// Writes records as they are, whatever is there.
    fn put(&self, accounts: Vec<Account>);

    /// Loads the account of a session, asks, and saves what was decided.
    fn decide<T>(
        &self,
        session: &MfaSession,
        ask: impl FnMut(Account) -> Transition<T>,
    ) -> Result<T, Denied>;
}
