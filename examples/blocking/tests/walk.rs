use oob_mfa_walk::{Server, walk};

#[test]
fn it_answers_as_every_server_of_the_examples_does() {
    // oxhttp allows this header only in requests.
    walk(|| Server::of(env!("CARGO_BIN_EXE_oob-mfa-blocking")).without_accept_encoding());
}
