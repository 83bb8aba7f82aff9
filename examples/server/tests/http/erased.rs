//! A deleted user.

use oob_mfa::Subject;

use crate::common::*;

#[test]
fn after_an_erasure_no_older_session_enrolls_and_the_record_stays() {
    let world = World::new();
    let recovery_code = world.enroll(&world.login(), PHONE).unwrap();
    let token = world.login();
    let access_token = world.manage(MANAGE);
    world.advance(1);

    let alice: Subject = ALICE.parse().unwrap();
    let service = world.service.as_ref().unwrap();
    let erased = world.runtime.block_on(service.erase(&alice)).unwrap();
    // The longest session, and the skew twice.
    let keep = erased.delete_after.unix_timestamp() - world.now();
    assert_eq!(keep, 24 * 60 * 60 + 2 * 60);

    for token in [&token, &access_token] {
        for refused in [
            world.associate(token, "sms", OTHER_PHONE),
            world.list(token),
            world.recover(token, &recovery_code),
        ] {
            refused.refused(INVALID_TOKEN);
        }
    }
    let record = world.record().unwrap();
    assert!(
        !record
            .windows(PHONE.len())
            .any(|bytes| bytes == PHONE.as_bytes())
    );
    // Repeated.
    world.runtime.block_on(service.erase(&alice)).unwrap();
}
