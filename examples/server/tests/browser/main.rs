//! A real Chromium in front of the program: the page of the demonstration, and Auth0's SDK for pages of
//! other origins. The scripts take the steps and print what a user, or a page, sees; it is judged here.

mod browser;
#[path = "../common/npm.rs"]
mod npm;
mod page;
#[path = "../common/server.rs"]
mod server;
mod spa;
