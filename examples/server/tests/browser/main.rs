//! A real Chromium with the program: the demo page, and Auth0's SDK in a page of another origin. The
//! scripts take the steps and print what a user or page sees; these tests check it.

mod browser;
#[path = "../common/npm.rs"]
mod npm;
mod page;
#[path = "../common/server.rs"]
mod server;
mod spa;
