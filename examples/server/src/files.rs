//! Files that nobody but their owner reads.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// To open a file, and to make it for its owner alone where there is none.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Warns of a file that others can read or write. It is left as it is: the server did not make it so.
pub(crate) fn warn_if_open(path: &Path) -> io::Result<()> {
    if let Some(mode) = open_to_others(path)? {
        let mode = format!("{mode:o}");
        tracing::warn!(path = %path.display(), mode, "others than its owner can open this file");
    }
    Ok(())
}

/// The mode of a file that others can read or write.
#[cfg(unix)]
pub(crate) fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

#[cfg(not(unix))]
pub(crate) fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    std::fs::metadata(path).map(|_| None)
}
