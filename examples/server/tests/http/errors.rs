//! Every row of the table of errors: status, body and headers.

mod factor;
mod server;
mod session;

use crate::common::*;

/// A world with a phone, and a later first-factor token.
fn enrolled() -> (World, String) {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    (world, token)
}
