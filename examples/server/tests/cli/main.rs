//! The program as it is started: flags, exit codes, files, the demonstration, and its log.
#![cfg(unix)]

mod administration;
mod commands;
#[path = "../common/world.rs"]
mod common;
mod demonstration;
mod files;
mod flags;
mod start;

use std::path::Path;
use std::process::{Command, Output};

use common::process::Process;
use common::site::Running;

fn program(directory: &Path) -> Command {
    let mut command = Process::command();
    command.current_dir(directory);
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    program(directory).args(arguments).output().unwrap()
}

fn start(command: &mut Command) -> Running {
    Running::of(Process::start(command))
}
