//! Cargo, as tests and tasks start it.

use std::process::Command;

/// What `cargo run` and `cargo test` tell the program that they start about its package: names begin with one of these.
const OF_A_PACKAGE: [&str; 3] = ["CARGO_MANIFEST_", "CARGO_PKG_", "OUT_DIR"];

/// Returns a command of the cargo that this program was started with, or else of the one in the path.
///
/// The variables of this program's package are removed: the build script of ring reads them, and cargo compiles ring again, with
/// every crate that depends on it, when one of them differs from the last build.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OF_A_PACKAGE.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::cargo;

    #[test]
    fn variables_of_the_package_are_removed() {
        let removed = |wanted: &str| cargo().get_envs().any(|(name, value)| name == wanted && value.is_none());
        // This test runs under cargo, which has set them.
        assert!(removed("CARGO_MANIFEST_DIR") && removed("CARGO_PKG_NAME"));
    }
}
