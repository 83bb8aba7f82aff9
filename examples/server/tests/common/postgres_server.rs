//! A PostgreSQL of the test's own, which may be killed.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use super::patience::until;

pub struct PostgresServer {
    pub data: PathBuf,
    pub port: u16,
    arguments: Vec<String>,
    process: Mutex<Child>,
}

impl PostgresServer {
    pub fn start(data: PathBuf, arguments: &[&str]) -> Self {
        // The port was free a moment ago; nothing else on the machine is asked to take it.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let arguments: Vec<_> = arguments.iter().map(|&word| word.to_owned()).collect();
        let process = Mutex::new(spawn(&data, port, &arguments));
        let server = Self {
            data,
            port,
            arguments,
            process,
        };
        until("PostgreSQL answers", || server.is_ready());
        server
    }

    fn is_ready(&self) -> bool {
        let asked = as_postgres("pg_isready")
            .args(["--quiet", "--host=127.0.0.1"])
            .args(["--port", &self.port.to_string()])
            .status();
        asked.unwrap().success()
    }

    /// Until it answers; where it has ended, it is started again. Whether it had ended.
    pub fn bring_back(&self) -> bool {
        let mut ended = false;
        until("PostgreSQL answers again", || {
            let mut process = self.process.lock().unwrap();
            if process.try_wait().unwrap().is_some() {
                ended = true;
                *process = spawn(&self.data, self.port, &self.arguments);
            }
            drop(process);
            self.is_ready()
        });
        ended
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub fn control(&self, action: &str) {
        done(
            as_postgres("pg_ctl")
                .args([action, "--pgdata"])
                .arg(&self.data),
        );
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.signal("-KILL");
        let _ = self.process.lock().unwrap().wait();
    }

    /// To all of its processes together, as when the machine is gone.
    pub fn signal(&self, signal: &str) {
        let id = self.process.lock().unwrap().id().to_string();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        let _ = Command::new("kill")
            .args([signal, &id])
            .args(children.split_whitespace())
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(data: &Path, port: u16, arguments: &[String]) -> Child {
    as_postgres("postgres")
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        // Processes are killed, not machines: the disk is not waited for.
        .args(["-c", "unix_socket_directories=", "-c", "fsync=off"])
        .args(arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Makes its folder.
pub fn initialize(data: &Path, arguments: &[&str]) {
    done(
        as_postgres("initdb")
            .args(["--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C"])
            .args(arguments)
            .arg("--pgdata")
            .arg(data),
    );
}

/// A folder that it may write to.
pub fn give(folder: &Path) {
    if is_root() {
        done(Command::new("chown").arg("postgres").arg(folder));
    }
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// It refuses to run as root.
pub fn as_postgres(program: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

#[track_caller]
pub fn done(command: &mut Command) {
    let output = command.stderr(Stdio::piped()).spawn().unwrap();
    let output = output.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}
