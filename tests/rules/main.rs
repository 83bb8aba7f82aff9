//! Every rule of the engine, each against random sequences of commands.

mod harness;
mod model;
