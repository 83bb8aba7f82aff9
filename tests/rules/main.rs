//! Every rule of the engine, each against random sequences of commands.

mod factors;
mod harness;
mod limits;
mod model;
mod parallel;
mod proof;
mod record;
mod regressions;
mod secrets;
mod time;
