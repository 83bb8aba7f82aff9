//! The stored form of an account in every store: postcard.

use oob_mfa::Account;

use super::StoreError;

pub(super) fn encode(account: &Account) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(account).map_err(broken)
}

/// The account in a record. The engine checks whether it belongs to the right user.
pub(super) fn decode(record: &[u8]) -> Result<Account, StoreError> {
    let (account, rest) = postcard::take_from_bytes::<Account>(record).map_err(broken)?;
    if !rest.is_empty() {
        return Err(StoreError::Broken("bytes after the record".into()));
    }
    Ok(account)
}

/// As [`decode`], for stores that keep the revision beside the record too, where writes compare it.
pub(super) fn decode_at(revision: Option<u64>, record: &[u8]) -> Result<Account, StoreError> {
    let account = decode(record)?;
    if Some(account.revision()) != revision {
        return Err(StoreError::Broken(
            "the revision beside the record differs from the one in it".into(),
        ));
    }
    Ok(account)
}

fn broken(error: postcard::Error) -> StoreError {
    StoreError::Broken(error.into())
}
