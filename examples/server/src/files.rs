//! Files that only their owner can read.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// Options that open a file, or create it for its owner alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Warns about a file that others can read or write. It leaves the mode unchanged.
pub(crate) fn warn_if_open(path: &Path) -> io::Result<()> {
    if let Some(mode) = open_to_others(path)? {
        let mode = format!("{mode:o}");
        tracing::warn!(path = %path.display(), mode, "users other than the owner can open this file");
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
