//! What the traffic needs from a store.

use oob_mfa::{Account, Denied, MfaSession, Transition};

pub trait Store: Sync {
    /// Writes records unconditionally.
    fn put(&self, accounts: Vec<Account>);

    /// Loads the account of a session, asks, and saves the decision.
    fn decide<T>(
        &self,
        session: &MfaSession,
        ask: impl FnMut(Account) -> Transition<T>,
    ) -> Result<T, Denied>;
}
